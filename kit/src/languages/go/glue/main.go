package main

// The adapter, which registers itself as its package starts.
import _ "{{module}}"
