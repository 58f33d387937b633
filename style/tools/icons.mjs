// Writes public/icons.svg, the sprite behind `app/ui/src/icons.rs`.
// Run after a change of the enum:  npm i --no-save lucide-static@1 && node style/tools/icons.mjs
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const require = createRequire(join(process.cwd(), "package.json"));
const lucide = join(dirname(require.resolve("lucide-static/package.json")), "icons");

// Ours: Lucide has no set for how far a ticket is. Told apart by shape, not only by colour.
const own = {
  "status-open": '<circle cx="12" cy="12" r="8.5" stroke-width="3"/>',
  "status-progress":
    '<circle cx="12" cy="12" r="8.5" stroke-width="3"/><path d="M12 5a7 7 0 0 1 0 14z" fill="currentColor" stroke="none"/>',
  "status-waiting":
    '<circle cx="12" cy="12" r="8.5" stroke-width="3"/><path d="M12 12V5a7 7 0 1 1-7 7z" fill="currentColor" stroke="none"/>',
  "status-resolved":
    '<circle cx="12" cy="12" r="10" fill="currentColor" stroke="none"/><path d="m7.5 12.5 3 3 6-6.5" style="stroke:var(--panel)" stroke-width="2.5"/>',
  "status-closed":
    '<circle cx="12" cy="12" r="10" fill="currentColor" stroke="none"/><path d="M8 12h8" style="stroke:var(--panel)" stroke-width="2.5"/>',
};

const source = readFileSync(join(root, "app/ui/src/icons.rs"), "utf8");
const names = [...source.matchAll(/^\s+[A-Z]\w* => "([a-z0-9-]+)",$/gm)].map((m) => m[1]).sort();
const symbols = names.map((name) => {
  let inner = own[name];
  if (!inner) {
    const file = join(lucide, `${name}.svg`);
    if (!existsSync(file)) throw new Error(`Lucide has no icon "${name}"`);
    inner = readFileSync(file, "utf8")
      .replace(/<!--.*?-->/gs, "")
      .match(/<svg[^>]*>(.*)<\/svg>/s)[1]
      .replace(/\s*\n\s*/g, "")
      .replace(/ \/>/g, "/>");
  }
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner}</symbol>`;
});
writeFileSync(
  join(root, "public/icons.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg">\n<!-- Lucide (https://lucide.dev), ISC licence, see icons-LICENSE.txt; status-* are ours. Written by style/tools/icons.mjs. -->\n${symbols.join("\n")}\n</svg>\n`,
);
console.log(`${names.length} icons`);
