package main

import "testing"

func TestWithoutPassword(t *testing.T) {
	t.Parallel()
	for connection, want := range map[string]string{
		"":                                 "",
		"postgres://a@h:1/x":               "postgres://a@h:1/x",
		"postgres://a:secret@h:1/x":        "postgres://a:xxxxx@h:1/x",
		"postgres://a@h/x?password=secret": "postgres://a@h/x?password=xxxxx",
		"host=h user=a password=secret":    "xxxxx",
	} {
		if got := withoutPassword(connection); got != want {
			t.Errorf("%s: got %s, want %s", connection, got, want)
		}
	}
}

func TestNotifyWithoutSecrets(t *testing.T) {
	t.Parallel()
	got := notifyConfig{SNSTopic: "arn", Webhook: "https://u:p@hooks.example/services/T0/B0?key=x", WebhookSecret: "s"}.withoutSecrets()
	if want := (notifyConfig{SNSTopic: "arn", Webhook: "https://hooks.example/xxxxx", WebhookSecret: "xxxxx"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (notifyConfig{}).withoutSecrets(); got != (notifyConfig{}) {
		t.Errorf("of nothing: %+v", got)
	}
}
