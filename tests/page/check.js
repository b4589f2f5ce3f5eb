// Opens a page in Chromium at three widths, light and dark, and reports everything that is wrong with it.
// Usage: node check.js PAGE [FOLDER_FOR_PICTURES]. Exit code 1 with a list where anything is wrong.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { basename, resolve } from "node:path";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [page_file, pictures] = process.argv.slice(2);
const address = pathToFileURL(resolve(page_file)).href;
const widths = [390, 900, 1400];
const problems = [];
// Within how many milliseconds a page is to be ready (parsed, laid out, loaded); asked only of a quiet machine, by READY_MS_MAX=1000.
const READY_MS_MAX = Number(process.env.READY_MS_MAX ?? Infinity);

let slowest = 0;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
for (const colorScheme of ["light", "dark"]) {
  for (const width of widths) {
    const where = `${width} ${colorScheme}`;
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    page.on("console", (message) => problems.push(`${where}: console: ${message.text()}`));
    page.on("pageerror", (error) => problems.push(`${where}: error: ${error.message}`));
    page.on("request", (request) => {
      if (request.url().split("#")[0] !== address) problems.push(`${where}: request: ${request.url()}`);
    });
    await page.goto(address);
    // Once more where the first is slow: another process may have had the processor.
    let ready = await page.evaluate(readyMs);
    for (let again = 0; again < 4 && ready > READY_MS_MAX; again++) {
      await page.reload();
      ready = Math.min(ready, await page.evaluate(readyMs));
    }
    if (ready > READY_MS_MAX) problems.push(`${where}: ready after ${Math.round(ready)} ms`);
    slowest = Math.max(slowest, ready);
    if (pictures) await page.screenshot({ path: `${pictures}/${basename(page_file, ".html")}-${width}-${colorScheme}.png`, fullPage: true });

    // Nothing wider than the window, no letter smaller than 9 px, no picture's letter outside its picture.
    problems.push(...(await page.evaluate(layout)).map((problem) => `${where}: ${problem}`));

    // Each button of a filter leaves its own and takes the others away; the first shows all again.
    problems.push(...(await page.evaluate(filters)).map((problem) => `${where}: ${problem}`));

    // axe sees closed <details> as absent: open them, so that the tables are checked too.
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    // Evaluated by the debugger, which the page's own policy does not (and must not) allow for itself.
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const violation of result.violations) {
      problems.push(`${where}: axe ${violation.id}: ${violation.help}: ${violation.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
    }

    // The first Tab reaches the skip link, and it leads to the report.
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const focused = await page.evaluate(() => document.activeElement?.id);
    if (focused !== "main") problems.push(`${where}: the skip link leads to ${focused || "nothing"}`);
    await context.close();
  }
}
await browser.close();
problems.forEach((problem) => console.log(problem));
console.log(problems.length === 0 ? `page: nothing wrong, ready after ${Math.round(slowest)} ms at most` : `page: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function layout() {
  const found = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > window.innerWidth) found.push(`the page is ${wide} wide`);
  for (const svg of document.querySelectorAll("figure > svg")) {
    const frame = svg.getBoundingClientRect();
    if (frame.width === 0) continue;
    const scale = frame.width / svg.viewBox.baseVal.width;
    for (const text of svg.querySelectorAll("text")) {
      const box = text.getBoundingClientRect();
      const letters = parseFloat(getComputedStyle(text).fontSize) * scale;
      if (letters < 9) found.push(`letters of ${letters.toFixed(1)} px: "${text.textContent}"`);
      if (box.left < frame.left - 1 || box.right > frame.right + 1) found.push(`"${text.textContent}" leaves its picture`);
    }
  }
  return found;
}

function readyMs() {
  const [navigation] = performance.getEntriesByType("navigation");
  return navigation.loadEventEnd || performance.now();
}

function filters() {
  const found = [];
  const shown = (element) => getComputedStyle(element).display !== "none";
  for (const filter of document.querySelectorAll(".filter")) {
    const section = filter.closest("section");
    const rows = [...section.querySelectorAll("tr.of, li.of")];
    const [all, ...kinds] = filter.querySelectorAll("input");
    for (const kind of kinds) {
      kind.checked = true;
      const own = kind.id.slice(`${section.id}-show-`.length);
      const wrong = rows.filter((row) => shown(row) !== row.classList.contains(own));
      if (wrong.length > 0) found.push(`${kind.id} leaves ${wrong.length} rows wrong`);
      if (!rows.some(shown)) found.push(`${kind.id} leaves nothing`);
    }
    all.checked = true;
    const gone = rows.filter((row) => !shown(row) && !row.classList.contains("later"));
    if (gone.length > 0) found.push(`${all.id} leaves ${gone.length} rows hidden`);
  }
  return found;
}
