// Debian's Chromium, and pages that note whatever must not happen: requests to other hosts, errors on the
// console, breaches of the page's policy.
import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
];

export const SIZES = {
  phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
};

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

/** A context of a size, in which every page is watched. */
export async function newContext(browser, size, options = {}) {
  const context = await browser.newContext({
    ...SIZES[size], locale: 'en-GB', timezoneId: 'Europe/Vaduz', ...options,
  });
  const faults = [];
  context.faults = faults;
  /** While the kit is down on purpose, failed requests are no fault. */
  context.kitIsDown = false;
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  context.on('page', (page) => {
    page.on('pageerror', (error) => faults.push(`uncaught: ${error.stack ?? error.message}`));
    page.on('dialog', (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      if (context.kitIsDown && /Failed to load resource|WebSocket connection/.test(message.text())) return;
      faults.push(`${message.type()}: ${message.text()}`);
    });
    page.on('websocket', (socket) => checkHost(page, socket.url()));
  });
  context.on('request', (request) => checkHost(null, request.url()));
  const checkHost = (_page, url) => {
    const { protocol, host } = new URL(url);
    if (protocol === 'data:' || protocol === 'blob:') return;
    if (context.host !== host) faults.push(`a request to ${url}`);
  };
  return context;
}

/** Opens the page of a kit and waits until it is live. */
export async function open(context, kit, hash = '') {
  context.host = new URL(kit.origin).host;
  const page = await context.newPage();
  await page.goto(`${kit.origin}/${hash}`);
  await live(page);
  return page;
}

export async function live(page) {
  await page.locator('.connection.live').waitFor({ timeout: 30_000 });
}

/** Waits until the map has drawn something. */
export async function mapDrawn(page) {
  await page.locator('.maplibregl-canvas').waitFor({ timeout: 30_000 });
  await page.locator('.notice').waitFor({ state: 'detached', timeout: 30_000 });
}

export function assertClean(context) {
  assert.deepEqual(context.faults, []);
}

/** How many pixels of a part of the page are of a colour, within a tolerance a channel. */
export async function countPixels(page, clip, [r, g, b], tolerance = 14) {
  const png = await page.screenshot({ clip, scale: 'css' });
  const helper = await decoder(page.context().browser());
  return helper.evaluate(
    async ({ base64, wanted, tolerance }) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (wanted.every((value, channel) => Math.abs(data[i + channel] - value) <= tolerance)) count += 1;
      }
      return count;
    },
    { base64: png.toString('base64'), wanted: [r, g, b], tolerance },
  );
}

const decoders = new WeakMap();

async function decoder(browser) {
  if (!decoders.has(browser)) decoders.set(browser, (await browser.newContext()).newPage());
  return decoders.get(browser);
}

/** Polls until a condition holds; returns the milliseconds it took. */
export async function until(condition, what, timeoutMs = 15_000) {
  const started = performance.now();
  for (;;) {
    if (await condition()) return performance.now() - started;
    if (performance.now() - started > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Opens a panel of the row of buttons, by its text. */
export async function panel(page, name) {
  await page.locator('nav button', { hasText: name }).click();
}
