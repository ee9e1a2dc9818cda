package clients

func pgcli() client {
	return client{
		name:     "pgcli",
		connect:  "Connect with `pgcli postgres://USER@HOST:PORT/tidegate`.",
		packages: []string{"pgcli"},
		version:  []string{"pgcli", "--version"},
		command:  []string{python, "-W", "ignore", "script.py"},
	}
}
