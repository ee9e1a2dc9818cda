require "pg"
require "digest"
require "json"

def show(value)
  puts JSON.generate(value)
end

def refused
  yield
  puts "no error"
rescue PG::Error => e
  fields = [PG::PG_DIAG_SQLSTATE, PG::PG_DIAG_SEVERITY, PG::PG_DIAG_MESSAGE_PRIMARY, PG::PG_DIAG_STATEMENT_POSITION, PG::PG_DIAG_CONSTRAINT_NAME]
  show([e.class.name] + fields.map { |f| e.result&.error_field(f) })
end

conn = PG.connect

puts "=== values and types of every column"
[0, 1].each do |format|
  result = conn.exec_params("select * from shop.kinds order by id", [], format)
  show(result.fields.each_index.map { |i| [result.fname(i), result.ftype(i), result.fmod(i), result.fformat(i), result.fsize(i)] })
  result.each_row { |row| show(row.map { |v| format == 1 && v ? v.unpack1("H*") : v }) }
end

puts "=== values of Ruby"
conn.type_map_for_results = PG::BasicTypeMapForResults.new(conn)
conn.exec("select b, i2, i4, i8, f4, f8, n, n2, t, d, ts, tstz, ia, ta, j, jb from shop.kinds where id in (1, 4) order by id").each_row { |row| puts row.inspect }
conn.type_map_for_queries = PG::BasicTypeMapForQueries.new(conn)
puts conn.exec_params("select $1::int, $2::text, $3::float8, $4::bool, $5::int[], $6::timestamptz", [1, "it's \\", 0.5, true, [1, nil, 3], Time.at(1518696000).utc]).values.inspect
conn.type_map_for_results = PG::TypeMapAllStrings.new
conn.type_map_for_queries = PG::TypeMapAllStrings.new

puts "=== all rows of a table of the lake, row by row"
digest = Digest::SHA256.new
count = 0
conn.send_query("select * from web.events order by event_id, ts, path")
conn.set_single_row_mode
while (result = conn.get_result)
  result.check
  result.each_row { |row| count += 1; digest << JSON.generate(row) }
end
show([count, digest.hexdigest])

puts "=== a prepared statement"
conn.prepare("of_site", "select count(*), min(ts), avg(load_ms) from web.events where site_id = $1")
show(conn.describe_prepared("of_site").then { |d| [d.nparams, d.paramtype(0), d.nfields, d.ftype(0), d.ftype(1), d.ftype(2)] })
[3, 4, nil].each { |site| show(conn.exec_prepared("of_site", [site]).values) }
refused { conn.exec_prepared("of_site", ["x"]) }
conn.exec("deallocate of_site")

puts "=== a pipeline"
conn.enter_pipeline_mode
5.times { |site| conn.send_query_params("select sum(pv) from web.site_daily where site_id = $1", [site]) }
conn.pipeline_sync
5.times { show(conn.get_result.values); conn.get_result }
show(conn.get_result.result_status == PG::PGRES_PIPELINE_SYNC)
conn.exit_pipeline_mode

puts "=== COPY to the client"
conn.copy_data("copy (select site_id, name, price from shop.sites order by 1 limit 3) to stdout") { while (row = conn.get_copy_data); show(row); end }

puts "=== COPY from the client"
conn.exec("begin")
conn.copy_data("copy shop.sites (site_id, name, price) from stdin", PG::TextEncoder::CopyRow.new) { conn.put_copy_data(["500", "of ruby", nil]) }
show(conn.exec("select site_id, name, price from shop.sites where site_id >= 500").values)
conn.exec("rollback")

puts "=== write, savepoint and roll back"
conn.exec("begin")
show(conn.exec_params("insert into shop.sites (site_id, name, price) values ($1, $2, $3) returning site_id, name, price", [400, "größe", "2.50"]).values)
conn.exec("savepoint s")
refused { conn.exec("insert into shop.sites (site_id, name) values (400, 'twice')") }
refused { conn.exec("select 1") }
conn.exec("rollback to s")
show(conn.exec("update shop.sites set price = price * 2 where site_id >= 400").cmd_tuples)
conn.exec("rollback")
begin
  conn.transaction { |c| c.exec("insert into shop.sites (site_id, name) values (401, 'b')"); raise "no" }
rescue RuntimeError => e
  show([e.message, conn.transaction_status, conn.exec("select count(*) from shop.sites where site_id >= 400").values])
end

puts "=== errors, notices and a timeout"
["select 1/0", "select nothing from web.events", "selec", "select * from nowhere", "select 'a'::int"].each { |text| refused { conn.exec(text) } }
conn.exec("set statement_timeout = 300")
refused { conn.exec("select count(*) from web.events a, web.events b, web.events c where a.load_ms + b.load_ms + c.load_ms < 0") }
conn.exec("reset statement_timeout")
notices = []
conn.set_notice_processor { |n| notices << n }
conn.exec("rollback")
show(notices)

puts "=== LISTEN and NOTIFY"
conn.exec("listen of_ruby")
conn.exec("notify of_ruby, 'hello'")
conn.wait_for_notify(5) { |channel, pid, payload| show([channel, pid == conn.backend_pid, payload]) }

puts "=== what Active Record asks of a table"
%w[web.events shop.sites shop.visits shop.cheap].each do |table|
  conn.exec_params("SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod, " \
    "c.collname, col_description(a.attrelid, a.attnum) AS comment, attidentity AS identity, attgenerated as attgenerated FROM pg_attribute a " \
    "LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid " \
    "LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation " \
    "WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum", [table]).each_row { |row| show(row) }
end
show(conn.exec("SELECT t2.oid::regclass::text AS to_table, a1.attname AS column, a2.attname AS primary_key, c.conname AS name, c.confupdtype AS on_update, c.confdeltype AS on_delete, " \
  "c.convalidated AS valid, c.condeferrable AS deferrable, c.condeferred AS deferred FROM pg_constraint c JOIN pg_class t1 ON c.conrelid = t1.oid JOIN pg_class t2 ON c.confrelid = t2.oid " \
  "JOIN pg_attribute a1 ON a1.attnum = c.conkey[1] AND a1.attrelid = t1.oid JOIN pg_attribute a2 ON a2.attnum = c.confkey[1] AND a2.attrelid = t2.oid " \
  "JOIN pg_namespace t3 ON c.connamespace = t3.oid WHERE c.contype = 'f' AND t1.relname = 'visits' AND t3.nspname = 'shop' ORDER BY c.conname").values)
conn.finish
