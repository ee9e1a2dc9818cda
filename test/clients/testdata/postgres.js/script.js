const { createHash } = require("node:crypto");
const { inspect } = require("node:util");
const { pipeline } = require("node:stream/promises");
const postgres = require("postgres");

const show = (value) => console.log(inspect(value, { depth: 9, maxArrayLength: null, maxStringLength: null, breakLength: 200 }));
// A result is an array with properties of its own, which inspect would print with numbers of processes.
const plain = (result) => Array.from(result, (row) => ({ ...row }));
const columns = (result) => result.columns.map((c) => [c.name, c.type].join(" "));
const microseconds = { to: 1184, from: [1114, 1184], serialize: (x) => (x instanceof Date ? x.toISOString() : x), parse: (x) => x }; // a Date has none

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
    console.log(e.code, e.severity, e.message, e.position, e.constraint_name, e.table_name);
  }
}

async function values(sql) {
  console.log("=== values and types of every column");
  const result = await sql`select * from shop.kinds where id <> 2 order by id`;
  show([result.command, result.count, columns(result)]);
  show(plain(result));
  show(Array.from(await sql`select id, t, x, n2, ta from shop.kinds order by id`.values()));
  show(Array.from(await sql`select site_id, name from shop.sites order by 1 limit 2`.raw()));

  console.log("=== all rows of a table of the lake");
  console.log(digest(plain(await sql`select * from web.events order by event_id, ts, path`)));
}

async function parameters(sql) {
  console.log("=== parameters of every type");
  const given = {
    int4: -5, int8: 1n << 40n, numeric: "1.50", float8: 0.1, text: "it's \\ ü", bool: true, date: "2018-02-15", timestamptz: new Date(1518696000000),
    bytea: Buffer.from([0, 255]), uuid: "00000000-0000-0000-0000-000000000007", "int4[]": [1, 2, 3], "text[]": ["a", 'b "c'], jsonb: { a: [1, 2.5] },
  };
  for (const [type, value] of Object.entries(given)) {
    show([type, (await sql.unsafe(`select $1::${type} as value`, [value]))[0].value, (await sql.unsafe(`select $1::${type} as value`, [null]))[0].value]);
  }
  show(plain(await sql`select count(*), max(ts) from web.events where site_id in ${sql([1, 2, 3])} and ts >= ${"2018-02-01"} and domain like ${"%"}`));
  show(plain(await sql`select ${sql(["site_id", "name"])} from ${sql("shop.sites")} where site_id = any(${[1, 2, 30]}) order by site_id`));

  console.log("=== a statement that is described first");
  const described = await sql`select count(*), min(ts) from web.events where site_id = ${3} and ts >= ${"2018-02-01"}`.describe();
  show([described.types, described.columns.map((c) => [c.name, c.type])]);
  for (const site of [3, 4, 3]) show(plain(await sql`select count(*), min(ts), avg(load_ms) from web.events where site_id = ${site}`));

  console.log("=== queries in a pipeline");
  show((await Promise.all([...Array(20).keys()].map((site) => sql`select sum(pv) from web.site_daily where site_id = ${site}`))).map((r) => r[0].sum));
  const settled = await Promise.allSettled([sql`select 1 as a`, sql`select 1 / 0`, sql`select 2 as b`]);
  show(settled.map((s) => (s.status === "fulfilled" ? plain(s.value) : s.reason.code)));

  console.log("=== several statements at once");
  show((await sql`select 1 as a; select 'x' as b where false; select 3 as c`.simple()).map(plain));
}

async function cursors(sql) {
  console.log("=== cursors");
  const rows = [];
  for await (const part of sql`select * from web.events order by event_id, ts, path`.cursor(700)) rows.push(...plain(part));
  console.log(digest(rows));
  for await (const [row] of sql`select site_id, name from shop.sites where site_id > ${15} order by 1`.cursor()) show(row);
  const few = [];
  await sql`select visit_id from shop.visits order by 1`.cursor(3, (part) => {
    few.push(...plain(part));
    if (few.length > 8) return sql.CLOSE;
  });
  show(few);
  const seen = [];
  await sql`select visit_id from shop.visits order by 1`.forEach((row) => seen.push(row.visit_id));
  console.log(digest(seen));
}

async function copies(sql) {
  console.log("=== COPY to the client");
  for (const options of ["", "csv header"]) {
    let out = "";
    await pipeline(await sql`copy (select * from shop.kinds order by id) to stdout ${sql.unsafe(options)}`.readable(), async (source) => {
      for await (const chunk of source) out += chunk;
    });
    console.log(out);
  }
}

async function copyBack(sql) {
  console.log("=== COPY from the client");
  await refused(() =>
    sql.begin(async (sql) => {
      await sql`create table shop.of_postgres_js (id int, name text)`;
      await pipeline([Buffer.from("1\tone\n2\t\\N\n")], await sql`copy shop.of_postgres_js from stdin`.writable());
      show(plain(await sql`select * from shop.of_postgres_js order by id`));
      throw new Error("rolled back");
    }),
  );
}

async function transactions(sql) {
  console.log("=== write, savepoint and roll back");
  await refused(() =>
    sql.begin("isolation level serializable", async (sql) => {
      const inserted = await sql`insert into shop.sites ${sql([{ site_id: 450, name: "a", price: "2.50" }, { site_id: 451, name: "b", price: null }])} returning site_id, price`;
      show([inserted.command, inserted.count, plain(inserted)]);
      await refused(() => sql.savepoint((sql) => sql`insert into shop.sites (site_id, name) values (450, 'twice')`));
      show((await sql`update shop.sites set ${sql({ price: "7" }, "price")} where site_id >= 450`).count);
      show(plain(await sql`select site_id, price from shop.sites where site_id >= 450 order by 1`));
      throw new Error("rolled back");
    }),
  );
  show(plain(await sql`select count(*) from shop.sites where site_id >= 450`));
  show((await sql.begin("read only", (sql) => [sql`select 1 as a`, sql`select count(*) from web.site_daily`])).map(plain));
  await refused(() => sql.begin("read only", (sql) => sql`delete from shop.sites`));
}

async function failures(sql) {
  console.log("=== errors and a cancelled query");
  for (const query of ["select 1/0", "select nothing from web.events", "selec", "select * from nowhere", "select 'a'::int"]) await refused(() => sql.unsafe(query));
  await refused(() => sql`select ${"x"}::int`);
  const slow = sql`select count(*) from web.events a, web.events b, web.events c where a.load_ms + b.load_ms + c.load_ms < 0`;
  setTimeout(() => slow.cancel(), 300);
  await refused(() => slow);
  show(plain(await sql`select 1 as alive`));
}

async function pools() {
  console.log("=== a pool, and what the server says of itself");
  const sql = postgres({ max: 3, connection: { application_name: "a pool", timezone: "Asia/Tokyo", search_path: "shop" }, onnotice: console.log });
  show(await Promise.all([...Array(12).keys()].map(async (i) => (await sql`select count(*) from web.events where site_id = ${i}`)[0].count)));
  show(plain(await sql`select current_setting('application_name') as a, current_setting('timezone') as z, count(*) from sites`));
  const { server_encoding, client_encoding, DateStyle, TimeZone, integer_datetimes, standard_conforming_strings } = sql.parameters;
  show({ server_encoding, client_encoding, DateStyle, TimeZone, integer_datetimes, standard_conforming_strings });
  await sql.end();
}

async function main() {
  const sql = postgres({ max: 1, types: { microseconds }, onnotice: (notice) => console.log("notice", notice.message) });
  await values(sql);
  await parameters(sql);
  await cursors(sql);
  await copies(sql);
  await copyBack(sql);
  await transactions(sql);
  await failures(sql);
  await sql.end();
  await pools();
}

main();
