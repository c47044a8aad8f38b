import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { assertClean, launch, mapDrawn, newContext, open, panel } from './browser.mjs';
import { Kit } from './kit.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let kit, browser;

before(async () => {
  kit = await new Kit('Camp Access').start('demo');
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await kit?.stop();
});

async function assertAccessible(page, what) {
  await page.waitForTimeout(400); // sheets slide in
  if (!(await page.evaluate(() => 'axe' in window))) await page.addScriptTag({ content: AXE });
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  });
  assert.deepEqual(found, [], what);
}

for (const [size, colorScheme] of [['phone', 'light'], ['phone', 'dark'], ['desktop', 'light'], ['desktop', 'dark']]) {
  test(`axe finds nothing on a ${size} in ${colorScheme}`, async () => {
    // The page's policy lets no other script in: axe is let around it.
    const context = await newContext(browser, size, { colorScheme, bypassCSP: true });
    const page = await open(context, kit);
    await mapDrawn(page);
    await assertAccessible(page, 'at first');
    await panel(page, 'Latest');
    await assertAccessible(page, 'latest');
    await page.getByLabel('Search').fill('Wiesengass underpass flooded');
    await page.locator('.panel li button').first().click();
    await page.getByText(/2 reports differ/).first().waitFor();
    await assertAccessible(page, 'detail');
    await page.getByRole('button', { name: 'Close' }).click();
    await panel(page, 'Layers');
    await assertAccessible(page, 'layers');
    if (size === 'phone') await panel(page, 'Time');
    await page.getByRole('slider').evaluate((slider) => {
      slider.value = '100';
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await page.getByText('You are looking at').waitFor();
    await assertAccessible(page, 'an earlier moment');
    await page.getByRole('button', { name: 'Back to now' }).click();
    await page.getByRole('button', { name: /Change map space/ }).click();
    await assertAccessible(page, 'spaces');
    await panel(page, 'Report');
    await assertAccessible(page, 'report, what');
    await page.locator('.kinds button', { hasText: 'Hazard' }).click();
    await assertAccessible(page, 'report, words');
    assertClean(context);
    await context.close();
  });
}
