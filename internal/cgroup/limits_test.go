package cgroup

import (
	"reflect"
	"testing"
)

func TestTheFilesOfLimits(t *testing.T) {
	devices := []string{"8:0", "259:1"}
	for _, c := range []struct {
		limits      Limits
		controllers []string
		settings    []setting
	}{
		{Limits{}, nil, []setting{shut}},
		{Limits{Memory: 1 << 20}, []string{"memory"}, []setting{shut, {"memory.max", "1048576"}, {"memory.swap.max", "0"}, {"memory.oom.group", "1"}}},
		{Limits{Processes: 1}, []string{"pids"}, []setting{shut, {"pids.max", "1"}}},
		{Limits{Processes: 1 << 62}, []string{"pids"}, []setting{shut, {"pids.max", "4194304"}}},
		{Limits{Processors: 1e300}, []string{"cpu"}, []setting{shut, {"cpu.max", "104857600000 100000"}}},
		{Limits{Processors: 1.5}, []string{"cpu"}, []setting{shut, {"cpu.max", "150000 100000"}}},
		{Limits{Processors: 0.25}, []string{"cpu"}, []setting{shut, {"cpu.max", "25000 100000"}}},
		{Limits{Processors: 0.0001}, []string{"cpu"}, []setting{shut, {"cpu.max", "1000 100000"}}},
		{Limits{Processors: 4096}, []string{"cpu"}, []setting{shut, {"cpu.max", "409600000 100000"}}},
		{Limits{ReadRate: 5}, []string{"memory", "io"}, []setting{shut, {"io.max", "8:0 rbps=5"}, {"io.max", "259:1 rbps=5"}}},
		{Limits{ReadRate: 5, WriteRate: 6}, []string{"memory", "io"}, []setting{shut, {"io.max", "8:0 rbps=5 wbps=6"}, {"io.max", "259:1 rbps=5 wbps=6"}}},
		{Limits{Memory: 9, Processes: 2, Processors: 1, WriteRate: 6}, Controllers, []setting{shut, {"memory.max", "9"}, {"memory.swap.max", "0"}, {"memory.oom.group", "1"},
			{"pids.max", "2"}, {"cpu.max", "100000 100000"}, {"io.max", "8:0 wbps=6"}, {"io.max", "259:1 wbps=6"}}},
	} {
		if got := c.limits.Controllers(); !reflect.DeepEqual(got, c.controllers) {
			t.Errorf("%+v: controllers %v", c.limits, got)
		}
		if got := c.limits.settings(devices); !reflect.DeepEqual(got, c.settings) {
			t.Errorf("%+v: %v", c.limits, got)
		}
	}
}
