const { createHash } = require("node:crypto");
const { inspect } = require("node:util");
const knex = require("knex")({ client: "pg", connection: {}, pool: { min: 1, max: 3 }, searchPath: ["shop", "web"] });

const show = (value) => console.log(inspect(value, { depth: 9, maxArrayLength: null, maxStringLength: null, breakLength: 200 }));

async function refused(run) {
  try {
    show(await run());
  } catch (e) {
    console.log(e.code, e.message);
  }
}

async function main() {
  console.log("=== what there is");
  for (const [schema, table] of [["web", "events"], ["shop", "sites"], ["shop", "cheap"], ["shop", "nothing"]]) {
    show([table, await knex.schema.withSchema(schema).hasTable(table), await knex.schema.withSchema(schema).hasColumn(table, "site_id")]);
  }
  console.log("=== columns of a table of the lake");
  show(await knex("events").withSchema("web").columnInfo());
  console.log("=== columns of hot-only tables");
  for (const table of ["sites", "visits", "kinds"]) show(await knex(table).withSchema("shop").columnInfo());

  console.log("=== queries");
  show(await knex("web.events").where("site_id", 3).andWhere("ts", ">=", "2018-02-01").count("* as n").min("ts as first").first());
  show(await knex("sites as s").join("visits as v", "v.site_id", "s.site_id").groupBy("s.site_id", "s.name").orderBy("s.site_id").limit(5).select("s.name").sum("v.visit_id as sum"));
  show(await knex("sites").whereIn("site_id", [1, 2, 3]).orderBy("site_id").pluck("name"));
  show(await knex.with("few", knex("sites").where("price", "<", 5)).select("*").from("few").orderBy("site_id", "desc"));
  show((await knex.raw("select ?::int + 1 as next, ?? from shop.sites where site_id = ?", [41, "name", 2])).rows);

  console.log("=== all rows of a table of the lake, as a stream");
  const hash = createHash("sha256");
  let count = 0;
  for await (const row of knex("web.events").orderBy(["event_id", "ts", "path"]).stream()) {
    hash.update(JSON.stringify(row));
    count++;
  }
  console.log(count, hash.digest("hex"));

  console.log("=== write and roll back");
  await knex.transaction(async (trx) => {
    show(await trx("sites").insert([{ site_id: 400, name: "of knex", price: "2.50" }, { site_id: 401, name: "b" }]).returning(["site_id", "name", "price"]));
    show(await trx("sites").where("site_id", ">=", 400).update({ name: "changed" }));
    await refused(() => trx.transaction((inner) => inner("sites").insert({ site_id: 400, name: "twice" })));
    show(await trx("sites").insert({ site_id: 400, name: "merged" }).onConflict("site_id").merge().returning("*").then((rows) => rows.map((r) => r.name)));
    show(await trx("sites").where("site_id", ">=", 400).del());
    await trx.rollback(new Error("no"));
  }).catch((e) => console.log(e.message));
  show(await knex("sites").where("site_id", ">=", 400).count());

  console.log("=== a table that is made and dropped");
  await refused(async () => {
    await knex.schema.withSchema("shop").createTable("of_knex", (t) => {
      t.increments("id");
      t.string("name", 20).notNullable().defaultTo("x").index();
      t.integer("site_id").references("site_id").inTable("shop.sites");
      t.timestamp("at").defaultTo(knex.fn.now());
    });
    await knex.schema.withSchema("shop").alterTable("of_knex", (t) => t.jsonb("more"));
    await knex("of_knex").withSchema("shop").insert({ site_id: 3, more: { a: 1 } });
    show((await knex("of_knex").withSchema("shop").select("id", "name", "site_id", "more")));
    show(Object.keys(await knex("of_knex").withSchema("shop").columnInfo()));
  });
  await knex.schema.withSchema("shop").dropTableIfExists("of_knex");

  console.log("=== errors");
  await refused(() => knex.raw("select 1/0"));
  await refused(() => knex("nowhere"));
  await refused(() => knex("web.events").select("nothing"));
  await refused(() => knex.raw("select count(*) from web.events a, web.events b, web.events c where a.load_ms + b.load_ms + c.load_ms < 0").timeout(500, { cancel: true }));
}

main().catch((e) => {
  console.log(e);
  process.exitCode = 1;
}).finally(() => knex.destroy());
