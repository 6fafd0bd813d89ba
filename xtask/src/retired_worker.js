// Ends the service worker of a built site that was served at this address before: developers see what they build.
"use strict";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(retire()));

async function retire() {
    const ours = `all-or-none-site ${new URL("./", self.location.href).pathname} `;
    const names = await caches.keys();
    await Promise.all(names.filter(name => name.startsWith(ours)).map(name => caches.delete(name)));
    await self.registration.unregister();
    for (const page of await self.clients.matchAll({ type: "window" })) await page.navigate(page.url);
}
