import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertClean, launch, mapDrawn, newContext, open, panel, until } from './browser.mjs';
import { draft, hazard, Kit } from './kit.mjs';

const EVIL = `"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>{@html ''}javascript:alert(1)`;
let kit, browser;

before(async () => {
  kit = await new Kit('Camp Look').start('demo');
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await kit?.stop();
});

for (const size of ['phone', 'desktop']) {
  test(`script in every field stays text on a ${size}`, async () => {
    const context = await newContext(browser, size);
    const space = `evil-${size}`;
    const position = [9.5215, 47.141];
    const [node] = await kit.post({
      ...hazard(EVIL, position, { properties: { text: EVIL, severity: EVIL, state: EVIL, kind: EVIL, name: EVIL, [EVIL.slice(0, 120)]: EVIL } }),
      space_id: space, node_type: EVIL.slice(0, 128), actor_id: `user:${EVIL.slice(0, 100)}`,
    });
    const on = { space_id: space, tile: node.tile, node_id: node.event_id, previous_events: [node.event_id], actor_id: `user:${EVIL.slice(0, 100)}` };
    await kit.post(
      draft('sensor_reading', { ...on, sensor: EVIL.slice(0, 128), value: EVIL, unit: '<b>u</b>' }),
      draft('sensor_reading', { ...on, sensor: 'water_level', value: 3.5, unit: '<i onload=x>' }),
      draft('set_media', { ...on, slot: EVIL.slice(0, 128), media: { hash: `sha256:${'0'.repeat(64)}`, type: 'image/svg+xml', size: 9 } }),
      draft('link_nodes', { ...on, to_node: node.event_id.replace(/.$/, 'b'), link_type: EVIL.slice(0, 128) }),
      draft(EVIL.slice(0, 100), on),
      draft('set_properties', { ...on, properties: { text: `${EVIL} 2` } }),
      draft('set_properties', { ...on, properties: { text: `${EVIL} 3` } }),
    );
    const page = await open(context, kit, `#space=${space}`);
    await mapDrawn(page);
    if (size === 'phone') await panel(page, 'Latest');
    await page.locator('.panel li button').first().click();
    await page.locator('.panel h3').waitFor();
    await page.getByRole('heading', { name: 'History' }).waitFor();
    await page.locator('.panel ol li').nth(5).waitFor();
    assert.equal(await page.locator('.panel h3').innerText(), EVIL);
    assert.equal(await page.evaluate(() => document.querySelectorAll('#app img, #app script, #app iframe').length), 0);
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assertClean(context);
    await context.close();
  });
}

test('the slider shows what the kit computes for an earlier moment, and comes back', async () => {
  const context = await newContext(browser, 'phone');
  const page = await open(context, kit);
  await mapDrawn(page);
  const { spaces } = await kit.json('/api/v1/spaces');
  const space = spaces.find(({ title }) => /flood/i.test(title));
  const index = Math.floor(space.moments.length * 0.5);
  const at = space.moments[index];
  const state = await kit.json(`/api/v1/spaces/${space.id}/state?at=${at}`);
  const gauge = state.features.find(({ properties }) => properties.sensors?.water_level);

  await panel(page, 'Time');
  const asked = [];
  page.on('request', (request) => {
    const found = /[?&]at=(\d+)/.exec(request.url());
    if (found) asked.push(Number(found[1]));
  });
  // A finger that passes over all the moments and rests on one.
  await page.getByRole('slider').evaluate((slider, to) => {
    for (let i = Number(slider.max); i >= to; i--) {
      slider.value = String(i);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    }
  }, index);
  await page.getByText('You are looking at').waitFor();
  await until(() => asked.includes(at), 'the moment to be asked for');
  assert.ok(asked.length <= 3, `${asked.length} requests for one rest`);
  await panel(page, 'Latest');
  await page.getByLabel('Search').fill(gauge.properties.title);
  const reading = `${gauge.properties.sensors.water_level.value.toFixed(2)} m`;
  await page.locator('.panel li', { hasText: reading }).first().waitFor();
  assert.match(await page.locator('.panel [role=status]').first().innerText(), /thing/);

  await page.getByRole('button', { name: 'Back to now' }).click();
  await page.getByText('You are looking at').waitFor({ state: 'detached' });
  const now = await kit.json(`/api/v1/spaces/${space.id}/state`);
  const later = now.features.find(({ id }) => id === gauge.id);
  await page.locator('.panel li', { hasText: `${later.properties.sensors.water_level.value.toFixed(2)} m` }).first().waitFor();
  assertClean(context);
  await context.close();
});

test('play runs through the moments and ends at now', async () => {
  const context = await newContext(browser, 'desktop');
  const page = await open(context, kit);
  await mapDrawn(page);
  const slider = page.getByRole('slider');
  await slider.evaluate((element) => {
    element.value = String(Number(element.max) - 3);
    element.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await page.getByText('You are looking at').waitFor();
  await page.getByRole('button', { name: 'Play' }).click();
  await page.getByText('You are looking at').waitFor({ state: 'detached', timeout: 15_000 });
  assert.equal(await slider.evaluate(({ value, max }) => value === max), true);
  assertClean(context);
  await context.close();
});

test('layers are switched off and on, and stay so', async () => {
  const context = await newContext(browser, 'phone');
  const page = await open(context, kit);
  await panel(page, 'Layers');
  const gauges = page.getByRole('switch', { name: /^Gauges, 8 things/ });
  await gauges.click();
  assert.equal(await gauges.getAttribute('aria-checked'), 'false');
  await panel(page, 'Latest');
  await page.getByText('1 layer is switched off').waitFor();
  await page.getByLabel('Search').fill('Gauge Va');
  await page.getByText('Nothing matches.').waitFor();
  await page.reload();
  await panel(page, 'Layers');
  assert.equal(await gauges.getAttribute('aria-checked'), 'false');
  await gauges.click();
  await panel(page, 'Latest');
  await page.getByLabel('Search').fill('Gauge Va');
  await page.locator('.panel li', { hasText: 'Gauge Vaduz bridge' }).waitFor();
  assertClean(context);
  await context.close();
});

test('two reports that differ, and what others say, are shown', async () => {
  const context = await newContext(browser, 'desktop');
  const page = await open(context, kit);
  await page.getByLabel('Search').fill('Wiesengass underpass flooded');
  await page.locator('.panel li button').first().click();
  await page.getByText(/2 reports differ/).first().waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByLabel('Search').fill('Seepage at the foot');
  await page.locator('.panel li button').first().click();
  await page.getByText('What others say').waitFor();
  assertClean(context);
  await context.close();
});

test('the other space holds 1,707 earthquakes', async () => {
  const context = await newContext(browser, 'phone');
  const page = await open(context, kit);
  await mapDrawn(page);
  await page.getByRole('button', { name: /Change map space/ }).click();
  await page.locator('.panel li', { hasText: 'Earthquakes' }).locator('button').click();
  await page.locator('h1', { hasText: 'Earthquakes' }).waitFor();
  await panel(page, 'Latest');
  await page.getByText('1,707 things').waitFor();
  await page.getByText('EXERCISE', { exact: true }).first().waitFor();
  assertClean(context);
  await context.close();
});

test('the page works by keyboard, and says what it is to a screen reader', async () => {
  const context = await newContext(browser, 'desktop', { colorScheme: 'dark', reducedMotion: 'reduce' });
  const page = await open(context, kit);
  await mapDrawn(page);
  const unnamed = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, textarea, [role=switch]')]
      .filter((element) => !(element.getAttribute('aria-label') ?? element.textContent).trim() && !element.labels?.length)
      .map((element) => element.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(unnamed, []);
  const report = page.locator('nav button', { hasText: 'Report' });
  await report.focus();
  await page.keyboard.press('Enter');
  await page.getByText('What is here?').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('What is here?').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await page.getByRole('button', { name: /Colours/ }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
  assertClean(context);
  await context.close();
});

for (const size of ['phone', 'desktop']) {
  test(`what is meant to be touched is large enough on a ${size}`, async () => {
    const context = await newContext(browser, size);
    const page = await open(context, kit);
    for (const name of size === 'phone' ? ['Latest', 'Layers', 'Time', 'Report'] : ['Layers', 'Report']) {
      await panel(page, name);
      await page.locator('.panel').waitFor();
      const small = await page.evaluate(() =>
        [...document.querySelectorAll('button, input, textarea')]
          .map((element) => ({ name: element.getAttribute('aria-label') ?? element.textContent.trim(), box: element.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 0 && (box.width < 43.5 || box.height < 43.5))
          .map(({ name, box }) => `${name}: ${box.width.toFixed(0)} × ${box.height.toFixed(0)}`),
      );
      assert.deepEqual(small, [], name);
      if (name === 'Report') await page.getByRole('button', { name: 'Close' }).click();
    }
    assertClean(context);
    await context.close();
  });
}
