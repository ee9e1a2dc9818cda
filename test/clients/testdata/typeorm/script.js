const { inspect } = require("node:util");
const { DataSource, EntitySchema } = require("typeorm");

const show = (value) => console.log(inspect(value, { depth: 9, maxArrayLength: null, maxStringLength: null, breakLength: 200 }));
const env = process.env;
const site = new EntitySchema({
  name: "Site", schema: "shop", tableName: "sites",
  columns: { site_id: { type: "int", primary: true }, name: { type: "varchar", length: 40 }, price: { type: "numeric", precision: 12, scale: 2, nullable: true }, opened: { type: "date", nullable: true } },
  relations: { visits: { type: "one-to-many", target: "Visit", inverseSide: "site" } },
});
const visit = new EntitySchema({
  name: "Visit", schema: "shop", tableName: "visits",
  columns: { visit_id: { type: "bigint", primary: true, generated: "identity" }, at: { type: "timestamptz" }, note: { type: "text", nullable: true } },
  relations: { site: { type: "many-to-one", target: "Site", joinColumn: { name: "site_id" }, inverseSide: "visits" } },
});
const event = new EntitySchema({
  name: "Event", schema: "web", tableName: "events",
  columns: { event_id: { type: "bigint", primary: true }, site_id: { type: "int" }, ts: { type: "timestamptz" }, load_ms: { type: "int" } },
});
const source = new DataSource({
  type: "postgres", host: env.PGHOST, port: Number(env.PGPORT), username: env.PGUSER, password: env.PGPASSWORD, database: env.PGDATABASE,
  entities: [site, visit, event], installExtensions: false, applicationName: "typeorm",
});

async function refused(run) {
  try {
    show(await run());
  } catch (e) {
    console.log(e.name, e.code, e.message);
  }
}

const columnOf = (c) => [c.name, c.type, c.length, c.precision, c.scale, c.isNullable, c.isPrimary, c.isUnique, c.isGenerated, c.generationStrategy, c.generatedIdentity, c.default, c.comment, c.isArray];

async function main() {
  console.log("=== connect");
  await source.initialize();
  const runner = source.createQueryRunner();
  show([await runner.getCurrentDatabase(), await runner.getCurrentSchema(), await runner.hasSchema("shop"), await runner.hasSchema("nothing"), await runner.hasTable("web.events"), await runner.hasTable("shop.nothing")]);

  for (const [title, names] of [["a table of the lake", ["web.events"]], ["hot-only tables", ["shop.sites", "shop.visits"]]]) {
    console.log(`=== getTables: ${title}`);
    for (const t of await runner.getTables(names)) {
      show([t.name, t.comment]);
      for (const c of t.columns) show(columnOf(c));
      show(t.indices.map((i) => [i.name, i.columnNames, i.isUnique]));
      show(t.foreignKeys.map((f) => [f.name, f.columnNames, f.referencedTableName, f.referencedColumnNames, f.onDelete, f.onUpdate]));
      show([t.checks.map((c) => [c.name, c.expression]), t.uniques.map((u) => u.name)]);
    }
  }

  console.log("=== repositories");
  const sites = source.getRepository("Site");
  show(await sites.findOneBy({ site_id: 3 }));
  show(await sites.createQueryBuilder("s").leftJoinAndSelect("s.visits", "v", "v.visit_id <= 30").where("s.site_id < :n", { n: 3 }).orderBy("s.site_id").addOrderBy("v.visit_id").getMany());
  show(await sites.createQueryBuilder("s").select("count(*)", "n").addSelect("sum(s.price)", "sum").getRawOne());
  show(await sites.find({ order: { site_id: "DESC" }, take: 2, skip: 3 }));
  show(await source.getRepository("Event").createQueryBuilder("e").select("e.site_id", "site").addSelect("max(e.ts)", "last").groupBy("e.site_id").orderBy("e.site_id").limit(4).getRawMany());
  show(await source.getRepository("Event").countBy({ site_id: 3 }));
  show(await source.query("select name from shop.sites where site_id = $1", [4]));

  console.log("=== write and roll back");
  await runner.startTransaction();
  show(await runner.manager.save("Site", { site_id: 400, name: "of typeorm", price: "2.50" }));
  show((await runner.manager.insert("Visit", { at: new Date(1518696000000), note: "n", site: { site_id: 400 } })).identifiers.length);
  show((await runner.manager.update("Site", { site_id: 400 }, { name: "changed" })).affected);
  show((await runner.manager.upsert("Site", { site_id: 400, name: "again" }, ["site_id"])).identifiers);
  await runner.rollbackTransaction();
  show(await sites.countBy({ site_id: 400 }));

  console.log("=== errors");
  await refused(() => sites.insert({ site_id: 1, name: "twice" }));
  await refused(() => source.query("select 1/0"));
  await refused(() => source.query("select * from nowhere"));
  await runner.release();
}

main().catch((e) => {
  console.log(e);
  process.exitCode = 1;
}).finally(() => source.destroy());
