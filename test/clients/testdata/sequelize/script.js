const { inspect } = require("node:util");
const { Sequelize, DataTypes, Op, QueryTypes } = require("sequelize");

const show = (value) => console.log(inspect(value, { depth: 9, maxArrayLength: null, maxStringLength: null, breakLength: 200 }));
const env = process.env;
const db = new Sequelize(env.PGDATABASE, env.PGUSER, env.PGPASSWORD, { host: env.PGHOST, port: env.PGPORT, dialect: "postgres", logging: false });
const query = db.getQueryInterface();

async function refused(run) {
  try {
    show(await run());
  } catch (e) {
    console.log(e.name, e.parent?.code, e.message, e.fields, e.table);
  }
}

async function main() {
  console.log("=== connect");
  await db.authenticate();
  show((await db.databaseVersion()).split(".")[0]);
  console.log("=== schemas and tables");
  show((await query.showAllSchemas()).filter((s) => ["web", "shop"].includes(s)).sort());
  show((await query.showAllTables()).filter((t) => ["web", "shop"].includes(t.schema)).map((t) => `${t.schema}.${t.tableName}`).sort());
  console.log("=== columns of a table of the lake");
  show(await query.describeTable({ tableName: "events", schema: "web" }));
  console.log("=== columns of hot-only tables");
  for (const tableName of ["sites", "visits"]) show(await query.describeTable({ tableName, schema: "shop" }));
  console.log("=== keys and indexes");
  for (const tableName of ["sites", "visits"]) {
    const table = { tableName, schema: "shop" };
    show((await query.showIndex(table)).map((i) => [i.name, i.primary, i.unique, i.fields.map((f) => f.attribute)]));
    show(await query.getForeignKeyReferencesForTable(table));
  }

  console.log("=== models");
  const Site = db.define("site", { site_id: { type: DataTypes.INTEGER, primaryKey: true }, name: DataTypes.STRING(40), price: DataTypes.DECIMAL(12, 2), opened: DataTypes.DATEONLY }, { schema: "shop", tableName: "sites", timestamps: false });
  const Visit = db.define("visit", { visit_id: { type: DataTypes.BIGINT, primaryKey: true, autoIncrement: true }, site_id: DataTypes.INTEGER, at: DataTypes.DATE, note: DataTypes.TEXT }, { schema: "shop", tableName: "visits", timestamps: false });
  const Event = db.define("event", { event_id: { type: DataTypes.BIGINT, primaryKey: true }, site_id: DataTypes.INTEGER, ts: DataTypes.DATE, load_ms: DataTypes.INTEGER }, { schema: "web", tableName: "events", timestamps: false });
  Site.hasMany(Visit, { foreignKey: "site_id" });
  Visit.belongsTo(Site, { foreignKey: "site_id" });
  show((await Site.findByPk(3)).toJSON());
  show((await Site.findAll({ where: { site_id: { [Op.lte]: 2 } }, include: { model: Visit, limit: 2, order: [["visit_id", "ASC"]] }, order: [["site_id", "ASC"]] })).map((s) => s.toJSON()));
  show((await Visit.findAndCountAll({ where: { note: { [Op.like]: "visit visit %" } }, include: Site, order: [["visit_id", "ASC"]], limit: 2, offset: 4 })).count);
  show([await Event.count(), await Event.max("ts"), await Event.sum("load_ms", { where: { site_id: [1, 2] } })]);
  show((await Event.findAll({ attributes: ["site_id", [db.fn("count", db.col("*")), "n"]], group: "site_id", order: [["site_id", "ASC"]], limit: 5, raw: true })));
  show(await db.query("select name, price from shop.sites where site_id = $id", { bind: { id: 4 }, type: QueryTypes.SELECT }));

  console.log("=== write and roll back");
  const transaction = await db.transaction();
  show((await Site.create({ site_id: 400, name: "of sequelize", price: "2.50" }, { transaction })).toJSON());
  show((await Visit.create({ site_id: 400, note: "first" }, { transaction })).note);
  show(await Site.update({ price: 5 }, { where: { site_id: 400 }, transaction, returning: ["site_id", "price"] }).then(([n, rows]) => [n, rows.map((r) => r.toJSON())]));
  show((await Site.upsert({ site_id: 400, name: "again" }, { transaction }))[0].toJSON());
  await transaction.rollback();
  show(await Site.count({ where: { site_id: { [Op.gte]: 400 } } }));

  console.log("=== errors");
  await refused(() => Site.create({ site_id: 1, name: "twice" }));
  await refused(() => db.query("select 1/0"));
  await refused(() => db.query("select * from nowhere"));

  console.log("=== a table that is made and dropped");
  const Made = db.define("made", { name: { type: DataTypes.STRING, unique: true }, more: DataTypes.JSONB, tags: DataTypes.ARRAY(DataTypes.TEXT) }, { schema: "shop", tableName: "of_sequelize", timestamps: false });
  await refused(async () => {
    await Made.sync({ force: true });
    show((await Made.create({ name: "a", more: { b: [1] }, tags: ["x", "y"] })).toJSON());
    show((await Made.findOne({ where: { more: { b: [1] } } })).toJSON());
    show(Object.keys(await query.describeTable({ tableName: "of_sequelize", schema: "shop" })));
  });
  await Made.drop();
}

main().catch((e) => {
  console.log(e);
  process.exitCode = 1;
}).finally(() => db.close());
