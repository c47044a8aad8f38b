// Makes the pictures of the README anew, from the exercise that `fieldkit demo` runs.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { assertClean, launch, mapDrawn, newContext, open, panel } from './browser.mjs';
import { Kit } from './kit.mjs';

const OUT = fileURLToPath(new URL('../screenshots/', import.meta.url));
mkdirSync(OUT, { recursive: true });

const kit = await new Kit('Camp Vaduz').start('demo');
const browser = await launch();
try {
  const { spaces } = await kit.json('/api/v1/spaces');
  const flood = spaces.find(({ title }) => /flood/i.test(title));
  const quakes = spaces.find(({ title }) => /earthquakes/i.test(title));
  const { features } = await kit.json(`/api/v1/spaces/${flood.id}/state`);
  const find = (pattern) => features.find(({ properties }) => pattern.test(properties.title));
  const on = (space, more = '') => `#space=${space.id}${more}`;
  const thing = (pattern, view) => on(flood, `&map=${view}&thing=${encodeURIComponent(find(pattern).id)}`);

  for (const size of ['phone', 'desktop']) {
    for (const colorScheme of ['light', 'dark']) await shot(`${size}-${colorScheme}`, size, colorScheme, on(flood));
    await shot(`${size}-slider`, size, 'light', on(flood), async (page) => {
      if (size === 'phone') await panel(page, 'Time');
      await page.getByRole('slider').evaluate((slider) => {
        slider.value = String(Math.round(slider.max * 0.62));
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      });
    });
    await shot(`${size}-gauge`, size, size === 'phone' ? 'dark' : 'light', thing(/Gauge Vaduz/, '12.5/47.130/9.520'));
    await shot(`${size}-differ`, size, 'light', thing(/Wiesengass underpass/, '15/47.1646/9.4918'));
    await shot(`${size}-report`, size, 'light', on(flood, '&map=15.2/47.1650/9.4935'), async (page) => {
      await panel(page, 'Report');
      if (size === 'desktop') await write(page);
    });
    await shot(`${size}-quakes`, size, 'dark', on(quakes));
  }
  await shot('phone-report-words', 'phone', 'light', on(flood, '&map=15.2/47.1650/9.4935'), async (page) => {
    await panel(page, 'Report');
    await write(page);
  });
  await shot('phone-latest', 'phone', 'light', on(flood), (page) => panel(page, 'Latest'));
  await shot('phone-layers', 'phone', 'dark', on(flood), (page) => panel(page, 'Layers'));
  await shot('desktop-streets', 'desktop', 'light', on(flood, '&map=15/47.1655/9.5090'));
} finally {
  await browser.close();
  await kit.stop();
}

async function write(page) {
  await page.locator('.kinds button', { hasText: 'Hazard' }).click();
  await page.getByLabel('In a few words').fill('Water over the road');
  await page.getByRole('radio', { name: 'Severe' }).click();
  await page.getByLabel('More').fill('Knee deep, about 40 m long.');
}

async function shot(name, size, colorScheme, hash, act) {
  const context = await newContext(browser, size, { colorScheme });
  const page = await open(context, kit, hash);
  await mapDrawn(page);
  await page.waitForTimeout(2500);
  if (act) {
    await act(page);
    await page.waitForTimeout(2000);
  }
  await page.screenshot({ path: `${OUT}${name}.png` });
  assertClean(context);
  await context.close();
  console.log(`screenshots/${name}.png`);
}
