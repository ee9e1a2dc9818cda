package main

import (
	"strings"
	"time"

	"tidegate/gateway"
	"tidegate/internal/engine/duck/udf"
)

// functions are what sql's sessionCalls call. A statement over the catalog runs before there is a server only while the
// catalog is made, and calls none of them.
func (s *sessions) functions() []udf.Function {
	list := []udf.Function{
		udf.Of4("tg_signal_backend", func(pid, asker int32, terminate bool, wait int64) (bool, error) {
			return s.server.Load().Signal(asker, pid, terminate, time.Duration(wait)*time.Millisecond, s.mayEnd)
		}),
		udf.Of3("tg_notify", func(pid int32, channel, payload string) (bool, error) {
			return true, s.server.Load().Notify(pid, strings.Clone(channel), strings.Clone(payload))
		}),
		udf.Of1("tg_listening_channels", func(pid int32) ([]udf.Null[string], error) {
			var all []udf.Null[string]
			for _, channel := range s.server.Load().Listening(pid) {
				all = append(all, udf.Null[string]{V: channel, Valid: true})
			}
			return all, nil
		}),
		udf.Of1("tg_blocking_pids", func(pid int32) ([]udf.Null[int32], error) {
			all := []udf.Null[int32]{} // not NULL
			for _, other := range s.server.Load().Blocking(pid) {
				all = append(all, udf.Some(other))
			}
			return all, nil
		}),
		udf.Of2("tg_sleep", func(pid int32, seconds float64) (bool, error) {
			return true, s.server.Load().Sleep(pid, seconds)
		}),
		udf.Of4("tg_set_config", func(pid int32, name, value udf.Null[string], local udf.Null[bool]) (string, error) {
			c := gateway.SettingChange{Name: strings.Clone(name.V), Value: strings.Clone(value.V), Reset: !value.Valid, Local: local.V}
			return s.server.Load().SetConfig(pid, c)
		}),
		udf.Of3("tg_current_setting", func(pid int32, name string, missing bool) (udf.Null[string], error) {
			v, ok, err := s.server.Load().CurrentSetting(pid, strings.Clone(name), missing)
			return udf.Null[string]{V: v, Valid: ok}, err
		}),
		udf.Of4("tg_advisory_lock", func(pid int32, key int64, parts, how int32) (bool, error) {
			return s.server.Load().Advise(pid, gateway.AdvisoryRequest{
				Key: advisoryKey(key, parts), Shared: how&1 != 0, Try: how&2 != 0, Transaction: how&4 != 0,
			})
		}),
		udf.Of4("tg_advisory_unlock", func(pid int32, key int64, parts int32, shared bool) (bool, error) {
			return s.server.Load().Unadvise(pid, advisoryKey(key, parts), shared)
		}),
		udf.Of1("tg_advisory_unlock_all", func(pid int32) (bool, error) {
			return true, s.server.Load().UnadviseAll(pid)
		}),
	}
	for i := range list {
		list[i] = list[i].Volatile()
	}
	return list
}

// advisoryKey is a lock's name as pg_locks shows it: of one bigint, or of two integers.
func advisoryKey(key int64, parts int32) gateway.AdvisoryKey {
	return gateway.AdvisoryKey{Class: uint32(key >> 32), Object: uint32(key), Sub: int16(parts)}
}
