package clients

func php() client {
	return client{
		name:     "PHP",
		connect:  "PDO, and the functions of extension pgsql. Connect with `new PDO('pgsql:host=HOST;port=PORT;dbname=tidegate', 'USER', 'PASSWORD')`.",
		packages: []string{"php-cli", "php-pgsql"},
		version:  []string{"php", "--version"},
		command:  []string{"php", "script.php"},
	}
}
