// Lighthouse's scores of a page on a phone and at a laptop, and what costs points: node lighthouse.mjs PACKAGE URL
// `cargo xtask lighthouse` installs the package, serves the built site as a compressing host would and calls this.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, url] = process.argv.slice(2);
const module = (...parts) => import(pathToFileURL(join(folder, ...parts)).href);
const { default: lighthouse, desktopConfig } = await module("core", "index.js");
const { launch } = await module("..", "chrome-launcher", "dist", "index.js");

const categories = ["performance", "accessibility", "best-practices"];
const target = 0.95;
let worst = 1;
for (const [device, config] of [["phone", undefined], ["laptop", desktopConfig]]) {
    const chrome = await launch({ chromeFlags: ["--headless", "--no-sandbox", "--disable-dev-shm-usage"] });
    const { lhr } = await lighthouse(url, { port: chrome.port, onlyCategories: categories, logLevel: "error" }, config);
    await chrome.kill();
    for (const id of categories) {
        const { title, score, auditRefs } = lhr.categories[id];
        worst = Math.min(worst, score);
        console.log(`${device.padEnd(7)} ${title.padEnd(15)} ${Math.round(100 * score)} (ratio to the target ${(score / target).toFixed(2)})`);
        for (const { id, weight } of auditRefs) {
            const audit = lhr.audits[id];
            if (weight > 0 && audit.score !== null && audit.score < 0.9) {
                console.log(`        ${audit.title}: ${audit.score} ${audit.displayValue ?? ""}`);
                for (const item of (audit.details?.items ?? []).slice(0, 5)) {
                    console.log(`            ${JSON.stringify(item).slice(0, 300)}`);
                }
            }
        }
    }
    for (const id of ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift", "speed-index"]) {
        const { title, displayValue } = lhr.audits[id];
        console.log(`        ${title}: ${displayValue}`);
    }
}
process.exitCode = worst < target ? 1 : 0;
