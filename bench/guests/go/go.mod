module adapter.local/bench-go

go 1.26

require jackfield.dev/jackfield v0.1.0

replace jackfield.dev/jackfield => ../../../sdk/go
