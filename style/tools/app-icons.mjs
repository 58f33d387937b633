// Draws public/icons/*.png and public/favicon.ico from public/favicon.svg. Run after a change of that drawing:
//   npm i --no-save playwright-core && CHROMIUM=/usr/bin/chromium node style/tools/app-icons.mjs
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const site = join(dirname(fileURLToPath(import.meta.url)), "../../public");
const { chromium } = createRequire(join(process.cwd(), "package.json"))("playwright-core");
const svg = readFileSync(join(site, "favicon.svg"), "utf8");
// A maskable icon fills its square; the letter stays inside the safe circle of 80 % (W3C manifest, "icon masks").
const maskable = svg.replace(/rx="7"/, "").replace("<path", '<path transform="translate(2.4 2.4) scale(.85)"');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const page = await browser.newPage();
async function draw(drawing, size) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${drawing}`);
  return page.screenshot({ omitBackground: true });
}
mkdirSync(join(site, "icons"), { recursive: true });
for (const size of [192, 512]) {
  writeFileSync(join(site, `icons/icon-${size}.png`), await draw(svg, size));
  writeFileSync(join(site, `icons/maskable-${size}.png`), await draw(maskable, size));
}
// An .ico may hold a PNG as it is: a directory of one entry before it.
const png = await draw(svg, 32);
const head = Buffer.alloc(22);
head.writeUInt16LE(1, 2);
head.writeUInt16LE(1, 4);
head.writeUInt8(32, 6);
head.writeUInt8(32, 7);
head.writeUInt16LE(1, 10);
head.writeUInt16LE(32, 12);
head.writeUInt32LE(png.length, 14);
head.writeUInt32LE(22, 18);
writeFileSync(join(site, "favicon.ico"), Buffer.concat([head, png]));
await browser.close();
