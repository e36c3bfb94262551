#!/bin/sh
# Stands in for a compiler that never ends.
exec tail -f /dev/null
