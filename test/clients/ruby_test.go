package clients

func rubyPg() client {
	return client{
		name:     "Ruby pg",
		connect:  "Connect with `PG.connect(host: …, port: …, user: …, dbname: \"tidegate\")`.",
		packages: []string{"ruby", "ruby-pg"},
		version:  []string{"ruby", "-e", "require 'pg'; puts PG::VERSION"},
		command:  []string{"ruby", "script.rb"},
	}
}
