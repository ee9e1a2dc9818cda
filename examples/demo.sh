#!/usr/bin/env bash
# Runs the demo with its lake on an S3 server and its hot store in the stand-in of Redshift, or with one of the two:
#
#     LAKE=s3 HOT=warehouse examples/demo.sh [--records 20000]
#
# LAKE: folder (the demo's own) or s3. HOT: embedded (the demo's own), warehouse, or postgres, which needs HOT_URL.
# The servers end with it. S3_PORT and WAREHOUSE_PORT choose other ports, TIDEGATE another program.
set -euo pipefail

lake=${LAKE:-folder}
hot=${HOT:-embedded}
s3_port=${S3_PORT:-7070}
warehouse_port=${WAREHOUSE_PORT:-5440}
here=$(cd "$(dirname "$0")/.." && pwd)
tidegate=${TIDEGATE:-$here/bin/tidegate}
dir=tidegate-data/$lake-$hot

case $lake in folder | s3) ;; *)
	echo "LAKE is $lake; the choices are folder and s3" >&2
	exit 2
	;;
esac
case $hot in embedded | warehouse) ;; postgres)
	if [ -z "${HOT_URL:-}" ]; then
		echo 'HOT=postgres needs HOT_URL=postgres://USER@HOST/DATABASE' >&2
		exit 2
	fi
	;;
*)
	echo "HOT is $hot; the choices are embedded, postgres and warehouse" >&2
	exit 2
	;;
esac

servers=()
stop() {
	for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait
}
trap stop EXIT
# Ctrl-C is for the demo: it drains, and then the servers end. In a session of their own they do not hear it.
trap : INT

# start NAME PORT COMMAND…: a server, from when it answers on its port.
start() {
	local name=$1 port=$2 log=$dir/$1.log
	shift 2
	if (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
		echo "port $port is taken: $name cannot listen there" >&2
		exit 1
	fi
	setsid "$@" >"$log" 2>&1 &
	servers+=($!)
	until (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		if ! kill -0 "${servers[-1]}" 2>/dev/null; then
			echo "$name does not start:" >&2
			tail -n 5 "$log" >&2
			exit 1
		fi
		sleep 0.1
	done
}

mkdir -p "$dir/buckets/demo"
config="# What examples/demo.sh serves with; tidegate config print -c $dir/demo.yml shows every key.
data_dir: ./$dir
pipelines: ./$dir/pipelines"

if [ "$lake" = s3 ] || [ "$hot" = warehouse ]; then
	"$here/test/install.sh" versitygw
	export AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo-secret AWS_SESSION_TOKEN= AWS_EC2_METADATA_DISABLED=true
	start s3 "$s3_port" "$here/.tools/versitygw-v1.8.0" --quiet --access "$AWS_ACCESS_KEY_ID" --secret "$AWS_SECRET_ACCESS_KEY" \
		--port "127.0.0.1:$s3_port" posix "$dir/buckets"
	s3="s3: { endpoint: \"http://127.0.0.1:$s3_port\", path_style: true }"
	config+=$'\n'"lake: { $s3 }"
	if [ "$lake" = s3 ]; then
		config=${config/lake: \{/lake: \{ location: \"s3://demo/lake/\",}
	fi
fi
case $hot in
warehouse)
	start warehouse "$warehouse_port" "$tidegate" warehouse --listen "127.0.0.1:$warehouse_port" --data "$dir/warehouse" \
		--s3-endpoint "http://127.0.0.1:$s3_port"
	url="postgres://tidegate:demo@127.0.0.1:$warehouse_port/dev?sslmode=disable"
	config+=$'\n'"hot: { kind: redshift, url: \"$url\", stage: \"s3://demo/stage/\", iam_role: default }"
	config+=$'\n'"dialect: postgres" # the stand-in has nothing of Redshift's SQL
	echo "the warehouse itself: psql '$url'"
	;;
postgres) config+=$'\n'"hot: { kind: postgres, url: \"$HOT_URL\" }" ;;
esac
printf '%s\n' "$config" >"$dir/demo.yml"
if [ -n "${s3:-}" ]; then
	echo "for etl run in another terminal: export AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY"
fi
"$tidegate" demo --data "$dir" "$@"
