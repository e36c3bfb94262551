#!/bin/sh
# Stands in for the compiler in tests: does what the "component" on standard input says.
exec /bin/sh -s "$@"
