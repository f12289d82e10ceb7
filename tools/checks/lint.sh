#!/bin/sh
# Format and lint, import boundaries, unused files, exports and dependencies. All of them run, whatever fails.
status=0
biome check || status=1
node tools/boundaries/main.ts || status=1
knip || status=1
exit $status
