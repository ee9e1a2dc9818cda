// Evidence reads its source from the server and builds a page; what headless Chromium draws of that page is printed.
const fs = require("fs"), http = require("http"), path = require("path");
const { spawnSync } = require("child_process");
const { chromium } = require("playwright-core");
const sirv = require("sirv");

// The project is beside the packages: Evidence looks for them there.
const project = path.dirname(process.env.NODE_PATH);
for (const old of [".evidence", "build", "pages", "sources"]) fs.rmSync(path.join(project, old), { recursive: true, force: true });
for (const own of ["pages", "sources", "evidence.plugins.yaml"]) fs.cpSync(own, path.join(project, own), { recursive: true });

const settings = { host: "PGHOST", port: "PGPORT", user: "PGUSER", password: "PGPASSWORD", database: "PGDATABASE" };
const environment = { ...process.env, HOME: project, SEND_ANONYMOUS_USAGE_STATS: "no" };
for (const [key, name] of Object.entries(settings)) environment["EVIDENCE_SOURCE__tidegate__" + key] = process.env[name];

function evidence(...args) {
  const run = spawnSync("node_modules/.bin/evidence", args, { cwd: project, env: environment, encoding: "utf8" });
  if (run.status !== 0 || run.error) throw new Error(`evidence ${args}: ${run.error ?? run.status}\n${run.stdout}${run.stderr}`);
  return run.stdout + run.stderr;
}

// number reads 1,341 as it stands on an axis.
const number = (text) => Number(text.replaceAll(",", ""));

// values are what the bars of a chart say, by the least and the greatest number on its axis: left ones first.
function values(svg) {
  const ticks = [...svg.matchAll(/text-anchor="end"[^>]*translate\([\d.]+ ([\d.]+)\)[^>]*>([\d,]+)</g)].map((m) => [Number(m[1]), number(m[2])]);
  const [[bottom, least], [top, greatest]] = [ticks[0], ticks.at(-1)];
  const bars = [...svg.matchAll(/d="M([\d.]+) [\d.]+l[\d.]+ 0l0 -([\d.]+)l-[\d.]+ 0Z" fill="hsl/g)].map((m) => [Number(m[1]), Number(m[2])]);
  bars.sort((a, b) => a[0] - b[0]);
  return bars.map(([, height]) => Math.round(least + (height / (bottom - top)) * (greatest - least)));
}

async function main() {
  console.log("=== a source is read");
  console.log(evidence("sources", "--strict").match(/wrote (\d+) rows/)[1], "rows");
  evidence("build:strict");
  const server = http.createServer(sirv(path.join(project, "build"))).listen(0, "127.0.0.1");
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const chart = page.locator(".chart svg");
  await chart.locator("text").first().waitFor({ timeout: 120000 });
  await page.waitForTimeout(3000); // the bars grow
  await page.screenshot({ path: path.join(project, "page.png") });
  console.log("=== a table in the browser");
  for (const row of await page.locator("table:visible tr:has(td)").all()) console.log((await row.locator("td").allInnerTexts()).map((t) => t.trim()).join("|"));
  console.log("=== a chart in the browser");
  console.log((await page.locator("h1").innerText()).trim());
  for (const value of values(await chart.evaluate((e) => e.outerHTML))) console.log(value);
  await browser.close();
  server.close();
}

main();
