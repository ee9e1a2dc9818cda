use strict;
use warnings;
use utf8;
use DBI qw(:sql_types);
use DBD::Pg qw(:pg_types);
use Digest::SHA;
use JSON::PP;

binmode STDOUT, ':utf8';
my $json = JSON::PP->new->canonical->allow_nonref->allow_unknown;

sub show { print $json->encode($_[0]), "\n" }

sub refused {
    my ($dbh, $text, @values) = @_;
    my $done = eval { $dbh->do($text, undef, @values); 1 };
    show($done ? 'no error' : [$dbh->state, $dbh->errstr]);
}

my $dbh = DBI->connect('dbi:Pg:', $ENV{PGUSER}, $ENV{PGPASSWORD}, {RaiseError => 1, PrintError => 0, AutoCommit => 1});

print "=== values and types of every column\n";
my $sth = $dbh->prepare('select * from shop.kinds order by id');
$sth->execute;
show([$sth->{NAME}, $sth->{TYPE}, $sth->{pg_type}, $sth->{PRECISION}, $sth->{SCALE}]);
while (my $row = $sth->fetchrow_arrayref) { show([map { defined $_ && !ref $_ ? "$_" : $_ } @$row]) }

print "=== all rows of a table of the lake\n";
my $digest = Digest::SHA->new(256);
my $rows = $dbh->selectall_arrayref('select * from web.events order by event_id, ts, path');
for my $row (@$rows) { my $text = $json->encode([map { defined $_ ? "$_" : undef } @$row]); utf8::encode($text); $digest->add($text) }
show([scalar @$rows, $digest->hexdigest]);

print "=== parameters\n";
$sth = $dbh->prepare('select count(*), sum(load_ms), min(ts) from web.events where site_id = ? and ts >= ? and domain like ?');
for my $site (3, 4, undef) { $sth->execute($site, '2018-02-01', '%'); show($sth->fetchrow_arrayref) }
$sth = $dbh->prepare('select $1::int + 1, $2::text, $3::bytea');
$sth->bind_param(1, 41, SQL_INTEGER);
$sth->bind_param(2, "it's \\");
$sth->bind_param(3, "\0\xff", {pg_type => PG_BYTEA});
$sth->execute;
show([$sth->fetchrow_array]);
$sth = $dbh->prepare('select * from shop.sites where site_id = any(?) order by 1');
$sth->execute([1, 5, 7]);
show($sth->fetchall_arrayref({}));

print "=== DBI's catalog: tables\n";
for my $schema ('web', 'shop') { show($_) for @{$dbh->table_info(undef, $schema, '%', undef)->fetchall_arrayref([2, 3, 4])} }
print "=== DBI's catalog: columns of a table of the lake\n";
show($_) for @{$dbh->column_info(undef, 'web', 'events', '%')->fetchall_arrayref([2 .. 6, 8, 10 .. 12, 15 .. 17])};
print "=== DBI's catalog: columns of hot-only tables\n";
for my $table ('sites', 'visits') { show($_) for @{$dbh->column_info(undef, 'shop', $table, '%')->fetchall_arrayref([2 .. 6, 8, 10 .. 12, 15 .. 17])} }
print "=== DBI's catalog: keys and indexes\n";
show([$dbh->primary_key(undef, 'shop', 'sites'), $dbh->primary_key(undef, 'shop', 'visits')]);
show($_) for @{$dbh->foreign_key_info(undef, 'shop', 'sites', undef, undef, undef)->fetchall_arrayref([1 .. 3, 5 .. 11])};
my $statistics = $dbh->statistics_info(undef, 'shop', 'sites', 0, 0);
show([@$_[2, 3, 5 .. 9]]) for grep { $_->[6] ne 'table' } @{$statistics->fetchall_arrayref};
print "=== names of types\n";
show([map { $dbh->type_info($_) ? $dbh->type_info($_)->{TYPE_NAME} : undef } SQL_INTEGER, SQL_VARCHAR, SQL_NUMERIC]);
show([$dbh->quote_identifier('a b'), $dbh->quote("it's \\"), $dbh->get_info(17), $dbh->ping]);

print "=== COPY to the client\n";
$dbh->do('copy (select site_id, name, price from shop.sites order by 1 limit 3) to stdout');
my $line;
while ($dbh->pg_getcopydata($line) >= 0) { show($line) }

print "=== COPY from the client\n";
$dbh->begin_work;
$dbh->do('copy shop.sites (site_id, name, price) from stdin');
$dbh->pg_putcopydata("500\tof perl\t1.5\n");
$dbh->pg_putcopydata("501\ttwo\t\\N\n");
$dbh->pg_putcopyend;
show($dbh->selectall_arrayref('select site_id, name, price from shop.sites where site_id >= 500 order by 1'));
$dbh->rollback;

print "=== write, savepoint and roll back\n";
$dbh->begin_work;
show($dbh->selectall_arrayref('insert into shop.sites (site_id, name, price) values (?, ?, ?) returning site_id, name, price', undef, 400, 'größe', '2.50'));
$dbh->pg_savepoint('s');
refused($dbh, 'insert into shop.sites (site_id, name) values (400, ?)', 'twice');
refused($dbh, 'select 1');
$dbh->pg_rollback_to('s');
show($dbh->do('update shop.sites set price = price * 2 where site_id >= 400'));
$dbh->rollback;
show($dbh->selectall_arrayref('select count(*) from shop.sites where site_id >= 400'));

print "=== errors\n";
refused($dbh, $_) for 'select 1/0', 'select nothing from web.events', 'selec', 'select * from nowhere', "select 'a'::int";
refused($dbh, 'select $1::int', 'x');

print "=== an asynchronous query\n";
$sth = $dbh->prepare('select count(*) from web.events', {pg_async => PG_ASYNC});
$sth->execute;
$sth->pg_result;
show($sth->fetchrow_arrayref);
$sth->finish;
$dbh->disconnect;
