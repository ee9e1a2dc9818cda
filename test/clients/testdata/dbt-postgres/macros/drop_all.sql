{% macro drop_all() %}
  {% do run_query("drop view if exists shop.visits_of_dear_sites") %}
  {% do run_query("drop view if exists shop.dear_sites") %}
  {% do run_query("drop table if exists shop.labels") %}
{% endmacro %}
