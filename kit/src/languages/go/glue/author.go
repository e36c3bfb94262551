package main

// The author's package, whose init function registers the adapter.
import _ "{{module}}"
