// Takes the pictures of docs/tour.md from the demo's own report.
// Usage: node tour.js REPORT REPORT_OF_A_LATER_NIGHT FOLDER
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { chromium } from "playwright-core";

const [first, second, folder] = process.argv.slice(2);
// Name of the picture, the report it is of, what of the page is in it, and what is clicked before.
const pictures = [
  ["headline", second, "header.banner"],
  ["people", first, "#age-and-sex"],
  ["places", first, "#places"],
  ["segments", first, "#segments"],
  ["cohorts", first, "#cohorts"],
  ["cohorts-over-time", second, "#cohorts-over-time"],
  ["care", first, "#care"],
  ["end-of-life", first, "#end-of-life"],
  ["services", first, "#settings"],
  ["overlap", first, "#matrix"],
  ["quality", first, "#quality", "#quality-show-of-social-care"],
  ["linkage", first, "#linkage"],
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
for (const [name, report, what, clicked] of pictures) {
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, colorScheme: "light" });
  await page.goto(pathToFileURL(resolve(report)).href);
  // What sticks to the window would lie over the picture.
  await page.evaluate(() => (document.querySelector("nav.contents").style.display = "none"));
  if (clicked && (await page.locator(clicked).count())) await page.locator(clicked).check();
  const found = page.locator(what);
  const box = (await found.count()) ? await found.boundingBox() : null;
  if (box) {
    // A little of the page around it, so that nothing stands at the edge.
    const clip = { x: Math.max(0, box.x - 24), y: box.y, width: Math.min(1100, box.width + 48), height: box.height };
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true, clip });
  } else console.log(`${name}: the report has no ${what}`);
  await page.close();
}
await browser.close();
