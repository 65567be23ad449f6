package main

//go:generate sh -c "go run . ops --markdown > ../../docs/OPERATORS.md"
