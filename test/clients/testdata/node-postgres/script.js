const { createHash } = require("node:crypto");
const { pipeline } = require("node:stream/promises");
const { inspect } = require("node:util");
const { Client, Pool, types } = require("pg");
const Cursor = require("pg-cursor");
const QueryStream = require("pg-query-stream");
const { to: copyTo, from: copyFrom } = require("pg-copy-streams");

const allRows = "select * from web.events order by event_id, ts, path";
const show = (value) => console.log(inspect(value, { depth: 9, maxArrayLength: null, maxStringLength: null, breakLength: 200 }));
const columns = (result) => result.fields.map((f) => [f.name, f.dataTypeID, f.dataTypeSize, f.dataTypeModifier, f.format].join(" "));

function digest(rows) {
  const hash = createHash("sha256");
  for (const row of rows) hash.update(JSON.stringify(row));
  return `${rows.length} ${hash.digest("hex")}`;
}

async function refused(run) {
  try {
    await run();
    console.log("no error");
  } catch (e) {
    console.log(e.code, e.severity, e.message, e.position, e.constraint, e.table);
  }
}

async function values(client) {
  console.log("=== values and types of every column");
  const result = await client.query("select * from shop.kinds where id <> 2 order by id");
  show(columns(result));
  show(result.rows);
  show((await client.query({ text: "select t, x::text, jb, ta, n2 from shop.kinds order by id", rowMode: "array" })).rows);

  console.log("=== the tables that columns are of");
  const mixed = await client.query("select k.t, k.id, k.id + 1 as next, s.price from shop.kinds k join (select site_id, price from shop.cheap) s on s.site_id = k.id, web.events limit 1");
  show(mixed.fields.map((f) => [f.name, f.tableID > 0, f.columnID].join(" ")));

  console.log("=== all rows of a table of the lake");
  const rows = await client.query(allRows);
  console.log(rows.command, rows.rowCount, digest(rows.rows));
}

async function parameters(client) {
  console.log("=== parameters of every type");
  const given = {
    int4: -5, int8: 1n << 40n, numeric: "1.50", float8: 0.1, text: "it's \\ ü", bool: true, date: "2018-02-15", timestamptz: new Date(1518696000000),
    bytea: Buffer.from([0, 255]), uuid: "00000000-0000-0000-0000-000000000007", "int4[]": [1, null, 3], "text[]": ["a", 'b "c', null], jsonb: { a: [1, 2.5] },
  };
  for (const [type, value] of Object.entries(given)) {
    show([type, (await client.query(`select $1::${type} as value`, [value])).rows[0].value, (await client.query(`select $1::${type} as value`, [null])).rows]);
  }
  show((await client.query("select count(*), max(ts) from web.events where site_id = any($1::int[]) and ts >= $2 and domain like $3", [[1, 2, 3], new Date(1517443200000), "%"])).rows);

  console.log("=== a named statement, run again");
  for (const site of [3, 4, 3, null]) {
    show((await client.query({ name: "of_site", text: "select count(*), min(ts), avg(load_ms) from web.events where site_id = $1", values: [site] })).rows);
  }
  await refused(() => client.query({ name: "of_site", text: "select 1", values: [] }));

  console.log("=== several statements at once");
  show((await client.query("select 1 as a; select 'x' as b where false; select 3 as c, 4 as c")).map((r) => [r.command, r.rowCount, r.rows]));
  show((await client.query("")).command);

  console.log("=== queries that wait in the client");
  const all = [1, 2, 3, 4, 5].map((site) => client.query("select sum(pv) from web.site_daily where site_id = $1", [site]));
  show((await Promise.all(all)).map((r) => r.rows[0].sum));
}

async function cursors(client) {
  console.log("=== pg-cursor");
  await client.query("begin");
  const cursor = client.query(new Cursor(allRows));
  const rows = [];
  for (let part = await cursor.read(700); part.length > 0; part = await cursor.read(700)) rows.push(...part);
  console.log(digest(rows));
  const left = client.query(new Cursor("select visit_id, note from shop.visits where site_id > $1 order by visit_id", [3], { rowMode: "array" }));
  show(await left.read(3));
  await left.close();
  await client.query("commit");
  await refused(async () => {
    const failing = client.query(new Cursor("select 1 / (site_id - 20) from shop.sites order by site_id"));
    while ((await failing.read(5)).length > 0);
  });
  show((await client.query("select 1 as alive")).rows);

  console.log("=== pg-query-stream");
  for (const batchSize of [50, 1000]) {
    const streamed = [];
    await pipeline(client.query(new QueryStream(allRows, [], { batchSize })), async (source) => {
      for await (const row of source) streamed.push(row);
    });
    console.log(digest(streamed));
  }
  const few = [];
  for await (const row of client.query(new QueryStream("select site_id, name from shop.sites where site_id > $1 order by 1", [5], { batchSize: 2 }))) {
    few.push(row);
    if (few.length === 5) break;
  }
  show(few);
  show((await client.query("select 2 as alive")).rows);
}

async function copies(client) {
  console.log("=== COPY to the client");
  for (const options of ["", " csv header"]) {
    let text = "";
    await pipeline(client.query(copyTo(`copy (select * from shop.kinds order by id) to stdout${options}`)), async (source) => {
      for await (const chunk of source) text += chunk;
    });
    console.log(text);
  }

  console.log("=== COPY from the client");
  await client.query("begin");
  await refused(async () => {
    await client.query("create table shop.of_node (id int, name text)");
    await pipeline([Buffer.from("1\tone\n2\t\\N\n")], client.query(copyFrom("copy shop.of_node from stdin")));
    show((await client.query("select * from shop.of_node order by id")).rows);
  });
  await client.query("rollback");
}

async function transactions(client) {
  console.log("=== write, savepoint and roll back");
  await client.query("begin isolation level serializable");
  const inserted = await client.query("insert into shop.sites (site_id, name, price) values ($1, $2, $3), (401, 'b', null) returning *", [400, "of node", "2.50"]);
  show([inserted.command, inserted.rowCount, inserted.rows.map((r) => [r.site_id, r.name, r.price])]);
  await client.query("savepoint s");
  await refused(() => client.query("insert into shop.sites (site_id, name) values (400, 'twice')"));
  await refused(() => client.query("select 1"));
  await client.query("rollback to s");
  show((await client.query("update shop.sites set price = price * 2 where site_id >= 400")).rowCount);
  show((await client.query("select site_id, price from shop.sites where site_id >= 400 order by 1")).rows);
  show((await client.query("rollback")).command);
  show((await client.query("select count(*) from shop.sites where site_id >= 400")).rows);
}

async function failures(client) {
  console.log("=== errors and a timeout");
  for (const text of ["select 1/0", "select nothing from web.events", "selec", "select * from nowhere", "select 'a'::int"]) await refused(() => client.query(text));
  await refused(() => client.query("select $1::int", ["x"]));
  await refused(() => client.query("select $1::int"));
  await client.query("set statement_timeout = 300");
  await refused(() => client.query("select count(*) from web.events a, web.events b, web.events c where a.load_ms + b.load_ms + c.load_ms < 0"));
  await client.query("reset statement_timeout");
  show((await client.query("show statement_timeout")).rows);
}

async function pools() {
  console.log("=== a pool");
  const pool = new Pool({ max: 3, application_name: "a pool", options: "-c timezone=Asia/Tokyo -c search_path=shop" });
  show(await Promise.all([...Array(12).keys()].map(async (i) => (await pool.query("select count(*) from web.events where site_id = $1", [i])).rows[0].count)));
  show((await pool.query("select current_setting('application_name') as a, current_setting('timezone') as z, count(*) from sites")).rows);
  await pool.end();
}

async function main() {
  types.setTypeParser(types.builtins.TIMESTAMPTZ, (text) => text); // a Date has no microseconds
  const client = new Client();
  client.on("notice", (notice) => console.log("notice", notice.message));
  await client.connect();
  await values(client);
  await parameters(client);
  await cursors(client);
  await copies(client);
  await transactions(client);
  await failures(client);
  await client.end();
  await pools();
}

main();
