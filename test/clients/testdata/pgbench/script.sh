#!/usr/bin/env bash
# What pgbench counts, and what its transactions leave in tables: with the same seeds always the same.
set -euo pipefail
pgbench=/usr/lib/postgresql/15/bin/pgbench
tpcb='pgbench_branches, pgbench_tellers, pgbench_accounts, pgbench_history'

query() { psql -X -q -v ON_ERROR_STOP=1 -c 'set client_min_messages = warning' "$@"; }

# bench prints what does not depend on the time.
bench() {
	"$pgbench" -n --random-seed=42 "$@" 2>&1 | grep -E 'ERROR|WARNING|transactions actually processed|failed transactions: [^0]|^SQL script|^ - [0-9]+ transactions' |
		sed 's/, tps = .*)/)/'
}

left() {
	query -c 'select client, count(*), sum(n), sum(load), sum(pv), sum(uu), min(n), max(site_id) from shop.answers group by 1 order by 1' \
		-c 'select sum(n), sum(site_id * n), sum(site_id * total), min(total), max(n) from shop.counted' \
		-c 'select count(*), sum(delta), sum(site_id * delta), min(site_id), max(delta) from shop.changes'
}

for mode in simple extended prepared; do
	echo "=== $mode: tables of the lake"
	query -f tables.sql
	bench -M "$mode" -c 2 -t 25 -f lake.pgbench
	left
	echo "=== $mode: hot tables"
	bench -M "$mode" -c 4 -j 2 -t 50 -f hot.pgbench
	left
	# One client: which script comes next is drawn for all together.
	echo "=== $mode: both, and a connection for each transaction"
	bench -M "$mode" -t 20 -C -f lake.pgbench@1 -f hot.pgbench@3
	left
done
for mode in extended prepared; do
	echo "=== $mode: a pipeline"
	bench -M "$mode" -c 2 -t 25 -f pipeline.pgbench
done
query -c 'drop table shop.answers, shop.counted, shop.changes'

# Both end with another status than 0.
echo '=== an error ends a client'
"$pgbench" -n -M prepared -t 1 -f <(echo 'select 1 / :client_id;') 2>&1 | grep -E 'ERROR|aborted' || true
echo '=== tables of TPC-B, as pgbench makes them'
"$pgbench" -q -i -I dtGp 2>&1 | grep -vE '^done in|NOTICE' || true

echo '=== TPC-B in all modes'
query -c "drop table if exists $tpcb" -f tpcb.sql
for mode in simple extended prepared; do
	for script in tpcb-like simple-update select-only; do
		bench -M "$mode" -c 2 -t 20 -b "$script"
	done
	query -c 'select count(*), sum(delta), min(aid), max(tid), (select sum(bbalance) from pgbench_branches), (select sum(tbalance) from pgbench_tellers),
		(select sum(abalance) from pgbench_accounts) from pgbench_history'
done
query -c "drop table $tpcb"
