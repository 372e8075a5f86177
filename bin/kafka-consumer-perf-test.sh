#!/bin/sh
exec "$(dirname "$(readlink -f "$0" 2>/dev/null || echo "$0")")/../millrace" kafka-consumer-perf-test "$@"
