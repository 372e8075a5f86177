#!/bin/bash
# kcat (librdkafka) against a broker: arguments are its address, a prefix for names, and "transactions".
set -eu
address=$1 prefix=$2
fail() { echo "$*" >&2; exit 1; }

kcat -b "$address" -L -J | grep -q '"brokers":\[{"id":' || fail "no metadata"
for codec in none gzip snappy lz4 zstd; do
  seq 1 100 | sed 's/.*/k&:value-&/' |
    kcat -P -b "$address" -t "$prefix-$codec" -K: -z "$codec" -H n=v -X acks=all -X enable.idempotence=true
  kcat -C -b "$address" -t "$prefix-$codec" -o beginning -e -q -K: | sort > "/tmp/$prefix.$$"
  seq 1 100 | sed 's/.*/k&:value-&/' | sort | cmp - "/tmp/$prefix.$$" || fail "codec $codec"
  echo "codec $codec"
done
rm "/tmp/$prefix.$$"

kcat -b "$address" -G "$prefix-group" -X auto.offset.reset=earliest -e -q "$prefix-gzip" 2>&1 |
  grep -c '^value-' | grep -qx 100 || fail "group"
printf 'one more\n' | kcat -P -b "$address" -t "$prefix-gzip"
kcat -b "$address" -G "$prefix-group" -X auto.offset.reset=earliest -e -q "$prefix-gzip" 2>/dev/null |
  grep -qx 'one more' || fail "committed offsets"
echo "group"

[ "$(kcat -Q -b "$address" -t "$prefix-none:0:-1" | sed 's/.* offset //')" = 100 ] || fail "offset by time"
echo "offsets"

[ "${3-}" = transactions ] || exit 0
printf '1\n2\n3\n' | kcat -P -b "$address" -t "$prefix-transactions" -X "transactional.id=$prefix"
kcat -C -b "$address" -t "$prefix-transactions" -o beginning -e -q -X isolation.level=read_committed |
  tr -d '\n' | grep -qx 123 || fail "transactions"
echo "transactions"
