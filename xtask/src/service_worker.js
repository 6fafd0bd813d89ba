// Keeps this page working without a network, written by `cargo xtask build` for exactly the files of one build.
//
// Every version has a cache of its own, filled whole or not at all: each file is checked against its digest. A new
// version waits until the visitor asks for it. Other hosts, files that are in no list, requests for a part of a file,
// and the cache of the visitor's models are left alone.
"use strict";

const VERSION = "@VERSION@";
// Path below this file's folder ("" is the page itself) and digest.
const FILES = @FILES@;
// Kept once the page has used them.
const WHEN_USED = @WHEN_USED@;

const FOLDER = new URL("./", self.location.href);
// Pages of one host share their caches: the folder tells them apart.
const OURS = `all-or-none-site ${FOLDER.pathname} `;
const CACHE = OURS + VERSION;

const addressOf = path => new URL(path, FOLDER).href;

async function keep(cache, [path, digest]) {
    const response = await fetch(addressOf(path), { cache: "no-cache", integrity: digest, credentials: "same-origin" });
    if (!response.ok) throw new Error(`${path}: the host answered ${response.status}`);
    await cache.put(addressOf(path), response);
}

async function fill(entries) {
    const cache = await caches.open(CACHE);
    // A few at a time: the page may be computing.
    const left = [...entries];
    const line = async () => {
        for (let file = left.shift(); file; file = left.shift()) {
            if (!(await cache.match(addressOf(file[0])))) await keep(cache, file);
        }
    };
    await Promise.all([line(), line(), line()]);
}

async function forgetOthers() {
    const names = await caches.keys();
    await Promise.all(names.filter(name => name.startsWith(OURS) && name !== CACHE).map(name => caches.delete(name)));
}

// The path of a file of this version; none for anything else.
function listed(address) {
    const url = new URL(address);
    if (url.origin !== FOLDER.origin || !url.pathname.startsWith(FOLDER.pathname)) return undefined;
    let path;
    try {
        path = decodeURIComponent(url.pathname.slice(FOLDER.pathname.length));
    } catch {
        return undefined;
    }
    if (path === "index.html") path = "";
    return path in FILES || path in WHEN_USED ? path : undefined;
}

async function answer(path, event) {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(addressOf(path));
    if (kept) return kept;
    const response = await fetch(event.request);
    // Whole answers only.
    if (response.status === 200 && !response.redirected) {
        // What the browser has no room for, or is of another version, is served all the same.
        event.waitUntil(keepIfRight(cache, path, response.clone()).catch(() => {}));
    }
    return response;
}

async function keepIfRight(cache, path, response) {
    const bytes = await response.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    if (`sha256-${btoa(String.fromCharCode(...digest))}` !== (FILES[path] ?? WHEN_USED[path])) return;
    await cache.put(addressOf(path), new Response(bytes, { headers: response.headers }));
}

// What the page used before it had this worker: files whose path begins with one of these.
function used(beginnings) {
    return Object.entries(WHEN_USED).filter(([path]) => beginnings.some(beginning => path.startsWith(beginning)));
}

self.addEventListener("install", event => event.waitUntil(fill(Object.entries(FILES))));

self.addEventListener("activate", event =>
    event.waitUntil(forgetOthers().then(() => self.clients.claim())));

self.addEventListener("message", event => {
    if (event.data === "take over") event.waitUntil(self.skipWaiting());
    // Without room, or with the network gone, there is next time.
    if (Array.isArray(event.data)) event.waitUntil(fill(used(event.data)).catch(() => {}));
});

self.addEventListener("fetch", event => {
    const request = event.request;
    if (request.method !== "GET" || request.headers.has("range")) return;
    const path = listed(request.url);
    if (path !== undefined) event.respondWith(answer(path, event));
});
