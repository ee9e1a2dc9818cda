package clients

func dbdPg() client {
	return client{
		name:     "DBD-Pg",
		connect:  "Perl. Connect with `DBI->connect(\"dbi:Pg:host=HOST;port=PORT;dbname=tidegate\", $user, $password)`.",
		packages: []string{"perl", "libdbd-pg-perl"},
		version:  []string{"perl", "-MDBD::Pg", "-e", "print $DBD::Pg::VERSION"},
		command:  []string{"perl", "script.pl"},
	}
}
