#!/bin/sh
# Each app and example is a program of its own: a file of another one would add its plugins' types and hide a missing import.
status=0
for project in tsconfig.json apps/*/tsconfig.json examples/*/tsconfig*.json; do
  echo "tsc -p $project"
  tsc --noEmit -p "$project" || status=1
done
exit $status
