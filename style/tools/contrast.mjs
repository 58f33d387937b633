// Proves that the tokens reach the ratios of WCAG 2.2 AA, in both themes and for any brand:
// 4.5:1 for text (1.4.3), 3:1 for the edges of controls and for marks (1.4.11).
// Run:  node style/tools/contrast.mjs
import { readFileSync } from "node:fs";

const css = readFileSync(new URL("../tokens.css", import.meta.url), "utf8").replace(/\/\*.*?\*\//gs, "");
const root = css.slice(css.indexOf(":root {") + 7, css.indexOf("}"));
const tokens = Object.fromEntries([...root.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map((m) => [m[1], m[2].trim()]));

/** Splits at commas or blanks that stand outside of parentheses. */
function split(text, separator) {
  const parts = [""];
  let depth = 0;
  for (const c of text) {
    if (c === "(") depth++;
    if (c === ")") depth--;
    if (depth === 0 && c === separator) parts.push("");
    else parts[parts.length - 1] += c;
  }
  return parts.map((p) => p.trim()).filter(Boolean);
}

const args = (text) => text.slice(text.indexOf("(") + 1, -1);

/** A number, or `min`, `max`, `calc` over the channels of the origin colour. */
function number(text, origin) {
  if (text in origin) return origin[text];
  if (/^(min|max)\(/.test(text)) return Math[text.slice(0, 3)](...split(args(text), ",").map((t) => number(t, origin)));
  if (text.startsWith("calc(")) {
    const [a, op, b] = split(args(text), " ");
    const [x, y] = [number(a, origin), number(b, origin)];
    return op === "*" ? x * y : op === "+" ? x + y : x - y;
  }
  return Number(text);
}

/** [lightness, chroma, hue, alpha] of a colour expression. */
function colour(text, dark, overrides) {
  if (text.startsWith("var(")) {
    const name = args(text);
    return colour(overrides[name] ?? tokens[name], dark, overrides);
  }
  if (text.startsWith("light-dark(")) return colour(split(args(text), ",")[dark ? 1 : 0], dark, overrides);
  if (text.startsWith("oklch(from ")) {
    const [from, ...channels] = split(args(text).slice(5), " ");
    const [l, c, h] = colour(from, dark, overrides);
    return [...channels.map((t) => number(t, { l, c, h })), 1];
  }
  if (text.startsWith("oklch(")) {
    const [channels, alpha] = split(args(text), "/");
    return [...split(channels, " ").map(Number), alpha ? Number(alpha) : 1];
  }
  throw new Error(`not understood: ${text}`);
}

/** Gamma-encoded sRGB, cut at the edge of the gamut as browsers do. Matrices: CSS Color 4, section 9. */
function srgb([L, C, H]) {
  const a = C * Math.cos((H * Math.PI) / 180);
  const b = C * Math.sin((H * Math.PI) / 180);
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear
    .map((v) => Math.min(1, Math.max(0, v)))
    .map((v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
}
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const over = (top, alpha, under) => top.map((v, i) => v * alpha + under[i] * (1 - alpha));
function ratio(x, y) {
  const [a, b] = [luminance(x), luminance(y)].sort((p, q) => q - p);
  return (a + 0.05) / (b + 0.05);
}

/** A token, or two as `--hover on --panel`. */
function paint(name, dark, overrides) {
  const [top, under] = name.split(" on ");
  const value = colour(`var(${top})`, dark, overrides);
  return under ? over(srgb(value), value[3], paint(under, dark, overrides)) : srgb(value);
}

const plain = ["--ground", "--panel", "--rail", "--raised", "--sunken"];
const hovered = [...plain, "--hover on --ground", "--hover on --panel", "--hover on --rail", "--hover on --raised"];
const pressed = ["--press on --ground", "--press on --panel", "--press on --raised"];
const tints = ["--accent-tint", "--note"];
const rules = [
  [4.5, "--text", [...hovered, ...pressed, ...tints, "--red-tint", "--amber-tint", "--green-tint", "--mark"]],
  [4.5, "--text-2", [...hovered, ...pressed, ...tints, "--red-tint", "--amber-tint", "--green-tint"]],
  [4.5, "--text-3", [...hovered, ...tints]],
  [4.5, "--accent-text", [...hovered, ...tints]],
  [4.5, "--on-accent", ["--accent", "--accent-hover"]],
  [4.5, "--note-text", ["--note", "--hover on --note"]],
  [4.5, "--red-text", [...hovered, ...tints, "--red-tint"]],
  [4.5, "--amber-text", [...hovered, ...tints, "--amber-tint"]],
  [4.5, "--green-text", [...hovered, ...tints, "--green-tint"]],
  [3, "--control", ["--ground", "--panel", "--raised"]],
  ...["--red", "--amber", "--green", "--blue", "--purple", "--grey", "--accent"].map((mark) => [
    3,
    mark,
    ["--ground", "--panel", "--rail", "--raised", "--accent-tint"],
  ]),
];

let failed = 0;
let checked = 0;
function check(label, least, top, under) {
  checked++;
  const r = ratio(top, under);
  if (r < least) {
    failed++;
    console.log(`${r.toFixed(2)} < ${least}  ${label}`);
  }
}
/** sRGB to oklch, for brands as people give them. */
function oklch(rgb) {
  const [r, g, b] = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const x = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const y = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  const hue = (Math.atan2(y, x) * 180) / Math.PI;
  return `oklch(${0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s} ${Math.hypot(x, y)} ${(hue + 360) % 360})`;
}
const brands = [null];
const steps = [0, 0.2, 0.4, 0.6, 0.8, 1];
for (const r of steps) for (const g of steps) for (const b of steps) brands.push(oklch([r, g, b]));
for (const dark of [false, true]) {
  for (const brand of brands) {
    const overrides = brand ? { "--brand": brand } : {};
    for (const [least, name, grounds] of rules) {
      for (const ground of grounds) {
        if (brand && !`${name} ${ground}`.includes("accent")) continue;
        check(
          `${dark ? "dark " : "light"} ${name} on ${ground} ${brand ?? ""}`,
          least,
          paint(name, dark, overrides),
          paint(ground, dark, overrides),
        );
      }
    }
  }
  const white = [1, 1, 1];
  check(`${dark ? "dark" : "light"} white on --red-solid`, 4.5, white, paint("--red-solid", dark, {}));
}
// The eight grounds of avatars, see components/avatar.css.
const avatar = readFileSync(new URL("../components/avatar.css", import.meta.url), "utf8");
const [, l, c] = avatar.match(/background: oklch\((\S+) (\S+) var\(--h-av/);
for (const [, hue] of avatar.matchAll(/--h-av: (\d+)/g))
  check(`white on avatar ${hue}`, 4.5, [1, 1, 1], srgb([Number(l), Number(c), Number(hue)]));

console.log(`${checked} pairs, ${failed} below`);
process.exitCode = failed ? 1 : 0;
