<?php
const ALL_ROWS = 'select * from web.events order by event_id, ts, path';
const SLOW = 'select count(*) from web.events a, web.events b, web.events c where a.load_ms + b.load_ms + c.load_ms < 0';

function connect(array $options = []): PDO
{
    return new PDO('pgsql:', getenv('PGUSER'), getenv('PGPASSWORD'), $options + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

function show(mixed $value): void
{
    echo json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION | JSON_PARTIAL_OUTPUT_ON_ERROR), "\n";
}

function refused(callable $run): void
{
    try {
        show($run());
    } catch (PDOException $e) {
        show([$e->getCode(), $e->errorInfo[2] ?? $e->getMessage()]);
    }
}

/** A large object comes as a stream. */
function plain(mixed $value): mixed
{
    return is_resource($value) ? bin2hex(stream_get_contents($value)) : (is_float($value) && !is_finite($value) ? (string) $value : $value);
}

function digest(iterable $rows): string
{
    $hash = hash_init('sha256');
    $count = 0;
    foreach ($rows as $row) {
        hash_update($hash, json_encode($row));
        $count++;
    }
    return "$count " . hash_final($hash);
}

function values(PDO $pdo): void
{
    echo "=== values of every type\n";
    foreach ($pdo->query('select * from shop.kinds order by id', PDO::FETCH_ASSOC) as $row) {
        show(array_map('plain', $row));
    }
    echo "=== getColumnMeta\n";
    $statement = $pdo->query('select k.*, s.price, count(*) over () as n, 7 / 2 as half from shop.kinds k join shop.cheap s on s.site_id = k.id');
    for ($i = 0; $i < $statement->columnCount(); $i++) {
        $meta = $statement->getColumnMeta($i);
        unset($meta['pgsql:table_oid'], $meta['table']);
        show($meta);
    }
    echo "=== getColumnMeta: the table\n";
    show([$statement->getColumnMeta(1)['pgsql:table_oid'] > 0, $statement->getColumnMeta(1)['table'] ?? null, $statement->getColumnMeta(25)['table'] ?? null]);
    echo "=== all rows of a table of the lake\n";
    echo digest($pdo->query(ALL_ROWS, PDO::FETCH_NUM)), "\n";
}

class Site
{
    public int $site_id;
    public string $name;
}

function fetchModes(PDO $pdo): void
{
    echo "=== fetch modes\n";
    $query = 'select site_id, name, price from shop.sites where site_id < 4 order by 1';
    foreach ([PDO::FETCH_ASSOC, PDO::FETCH_NUM, PDO::FETCH_BOTH, PDO::FETCH_OBJ, PDO::FETCH_UNIQUE | PDO::FETCH_ASSOC, PDO::FETCH_GROUP | PDO::FETCH_NUM] as $mode) {
        show($pdo->query($query)->fetchAll($mode));
    }
    show($pdo->query('select site_id, name from shop.sites order by 1 limit 3')->fetchAll(PDO::FETCH_KEY_PAIR));
    show($pdo->query($query)->fetchAll(PDO::FETCH_COLUMN, 1));
    show($pdo->query('select site_id, name from shop.sites order by 1 limit 2')->fetchAll(PDO::FETCH_CLASS, Site::class));
    show($pdo->query($query)->fetchAll(PDO::FETCH_FUNC, fn (...$columns) => implode('/', $columns)));
    $statement = $pdo->query('select 1 as a, null as b, true as c, 1.5 as d, 2.5::float8 as e');
    $statement->bindColumn('b', $b);
    $statement->bindColumn(1, $a, PDO::PARAM_STR);
    show([$statement->fetch(PDO::FETCH_BOUND), $a, $b, $statement->rowCount()]);
    $pdo->beginTransaction();
    $statement = $pdo->prepare('select site_id from shop.sites order by 1', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $statement->execute();
    foreach ([[PDO::FETCH_ORI_NEXT, 0], [PDO::FETCH_ORI_LAST, 0], [PDO::FETCH_ORI_PRIOR, 0], [PDO::FETCH_ORI_ABS, 5], [PDO::FETCH_ORI_REL, 3], [PDO::FETCH_ORI_FIRST, 0]] as [$where, $offset]) {
        show($statement->fetch(PDO::FETCH_NUM, $where, $offset));
    }
    $statement = null;
    $pdo->commit();
}

function parameters(): void
{
    $ways = ['prepared' => [], 'emulated' => [PDO::ATTR_EMULATE_PREPARES => true], 'not prepared' => [PDO::PGSQL_ATTR_DISABLE_PREPARES => true]];
    foreach ($ways as $way => $options) {
        echo "=== parameters, $way\n";
        $pdo = connect($options);
        $given = ['int' => -5, 'bigint' => 1 << 40, 'numeric' => '1.50', 'float8' => 0.1, 'text' => "it's \\ ü 🚀", 'bool' => true, 'date' => '2018-02-15', 'timestamptz' => '2018-02-15 12:00:00+02',
            'uuid' => '00000000-0000-0000-0000-000000000007', 'int[]' => '{1,NULL,3}', 'jsonb' => '{"a": [1, 2.50]}', 'interval' => '1 day 02:00:00'];
        foreach ($given as $type => $value) {
            $statement = $pdo->prepare("select cast(:value as $type) as value, cast(:nothing as $type) as nothing");
            $statement->bindValue('value', $value, is_bool($value) ? PDO::PARAM_BOOL : (is_int($value) ? PDO::PARAM_INT : PDO::PARAM_STR));
            $statement->bindValue('nothing', null, PDO::PARAM_NULL);
            $statement->execute();
            show([$type, $statement->fetch(PDO::FETCH_NUM)]);
        }
        $statement = $pdo->prepare('select encode(cast(? as bytea), ?)');
        $statement->bindValue(1, "\x00\xff'", PDO::PARAM_LOB);
        $statement->bindValue(2, 'hex');
        $statement->execute();
        show($statement->fetchColumn());
        $statement = $pdo->prepare('select count(*), max(ts), avg(load_ms) from web.events where site_id = ? and ts >= ? and domain like ?');
        foreach ([3, 4, 3] as $site) {
            $statement->execute([$site, '2018-02-01', '%']);
            show($statement->fetchAll(PDO::FETCH_NUM));
        }
    }
}

function copies(PDO $pdo): void
{
    echo "=== pgsqlCopyToArray and pgsqlCopyToFile\n";
    show($pdo->pgsqlCopyToArray('shop.sites'));
    show($pdo->pgsqlCopyToArray('shop.kinds', '|', 'NULL', 'id, t, x, ta'));
    $rows = $pdo->pgsqlCopyToArray('web.site_daily');
    sort($rows);
    show([count($rows), array_slice($rows, 0, 3)]);
    $file = tempnam(sys_get_temp_dir(), 'php');
    show([$pdo->pgsqlCopyToFile('shop.sites', $file), file($file)]);
    unlink($file);
    echo "=== COPY from the client\n";
    $pdo->beginTransaction();
    refused(function () use ($pdo) {
        $pdo->exec('create table shop.of_php (id int, name text)');
        return [$pdo->pgsqlCopyFromArray('shop.of_php', ["1\tone\n", "2\t\\N\n"]), $pdo->query('select * from shop.of_php order by id')->fetchAll(PDO::FETCH_NUM)];
    });
    $pdo->rollBack();
}

function transactions(PDO $pdo): void
{
    echo "=== write, savepoint and roll back\n";
    $pdo->beginTransaction();
    $statement = $pdo->prepare('insert into shop.sites (site_id, name, price) values (?, ?, ?) returning site_id, price');
    $statement->execute([900, 'of PHP', '2.50']);
    show([$statement->rowCount(), $statement->fetchAll(PDO::FETCH_ASSOC), $pdo->inTransaction()]);
    $pdo->exec('savepoint s');
    refused(fn () => $pdo->exec("insert into shop.sites (site_id, name) values (900, 'twice')"));
    refused(fn () => $pdo->query('select 1'));
    $pdo->exec('rollback to s');
    show([$pdo->exec("update shop.sites set price = price * 2 where site_id = 900"), $pdo->query('select price from shop.sites where site_id = 900')->fetchColumn()]);
    $pdo->rollBack();
    show([$pdo->inTransaction(), $pdo->query('select count(*) from shop.sites where site_id >= 900')->fetchColumn()]);
    echo "=== the last number of a sequence\n";
    $pdo->beginTransaction();
    refused(function () use ($pdo) {
        $pdo->exec("insert into shop.visits (site_id, note) values (1, 'of PHP')");
        return [$pdo->lastInsertId() > 5000, $pdo->lastInsertId('shop.visits_visit_id_seq') > 5000];
    });
    $pdo->rollBack();
}

function failures(PDO $pdo): void
{
    echo "=== errors and a timeout\n";
    foreach (['select 1/0', 'select nothing from web.events', 'selec', 'select * from nowhere', "select 'a'::int"] as $text) {
        refused(fn () => $pdo->query($text));
    }
    refused(fn () => $pdo->prepare('select nothing from web.events')->execute());
    $pdo->exec('set statement_timeout = 300');
    refused(fn () => $pdo->query(SLOW));
    $pdo->exec('reset statement_timeout');
    refused(fn () => $pdo->query('select 1 as a; select 2 as b'));
    show($pdo->exec("select 1; set application_name to 'php'; select 2 as b"));
    echo "=== a parameter that is none of its type\n";
    refused(fn () => $pdo->prepare('select ?::int')->execute(['x']));
    echo "=== what the server says of itself\n";
    show([$pdo->getAttribute(PDO::ATTR_DRIVER_NAME), $pdo->getAttribute(PDO::ATTR_CONNECTION_STATUS), $pdo->pgsqlGetPid() > 0, $pdo->quote("it's \\ ü")]);
}

/** The functions of the other extension, pgsql. */
function functions(): void
{
    echo "=== pg_query_params, pg_prepare and pg_fetch_*\n";
    $connection = pg_connect('');
    $result = pg_query_params($connection, 'select count(*), max(ts) from web.events where site_id = $1 and domain like $2', [3, '%']);
    show([pg_fetch_row($result), pg_field_name($result, 1), pg_field_type($result, 1), pg_field_type_oid($result, 0), pg_field_size($result, 1)]);
    pg_prepare($connection, 'of_site', 'select site_id, name from shop.sites where site_id > $1 order by 1');
    $result = pg_execute($connection, 'of_site', [17]);
    show([pg_num_rows($result), pg_fetch_all($result), pg_fetch_all_columns($result, 1), pg_fetch_result($result, 2, 'name')]);
    show([pg_send_query($connection, 'select 1 as a; select 2 as b'), pg_fetch_assoc(pg_get_result($connection)), pg_fetch_assoc(pg_get_result($connection)), pg_get_result($connection)]);
    $failed = pg_send_query($connection, 'select nothing from web.events') ? pg_get_result($connection) : null;
    show([pg_result_error_field($failed, PGSQL_DIAG_SQLSTATE), pg_result_error_field($failed, PGSQL_DIAG_STATEMENT_POSITION), pg_result_error_field($failed, PGSQL_DIAG_SEVERITY)]);
    show([pg_parameter_status($connection, 'server_encoding'), pg_client_encoding($connection), pg_transaction_status($connection), count(pg_copy_to($connection, 'shop.sites'))]);
    echo "=== pg_meta_data, pg_select and pg_insert\n";
    show(pg_meta_data($connection, 'shop.sites'));
    show(pg_meta_data($connection, 'web.events', true));
    show(pg_select($connection, 'shop.sites', ['site_id' => 3]));
    show([pg_query($connection, 'begin') !== false, pg_insert($connection, 'shop.sites', ['site_id' => 901, 'name' => 'inserted']) !== false, pg_update($connection, 'shop.sites', ['name' => 'updated'], ['site_id' => 901]),
        pg_select($connection, 'shop.sites', ['site_id' => 901])[0]['name'] ?? null, pg_delete($connection, 'shop.sites', ['site_id' => 901]), pg_query($connection, 'rollback') !== false]);
    echo "=== the tables that columns are of\n";
    $result = pg_query($connection, 'select k.id, s.price from shop.kinds k join shop.cheap s on s.site_id = k.id');
    show([pg_field_table($result, 0), pg_field_table($result, 1)]);
    pg_close($connection);
}

$pdo = connect();
values($pdo);
fetchModes($pdo);
parameters();
copies($pdo);
transactions($pdo);
failures($pdo);
functions();
