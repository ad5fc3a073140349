module github.com/gaol-sandbox/gaol

go 1.24
