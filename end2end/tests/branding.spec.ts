import { expect, expectAccessible, hydrated, testWith } from '../support/fixtures.ts';
import { customer, makeAcme, setDeskUp, signUp } from '../support/people.ts';

const test = testWith();

test('a company has its logo and its colour in the portal', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 422/);
  await setDeskUp(page);
  await makeAcme(page);
  await hydrated(page);
  // Any picture: what the window shows.
  const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 640, height: 160 } });

  await page.getByRole('link', { name: 'Edit' }).click();
  await hydrated(page);
  await page.getByLabel('Colour').fill('yellow');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByLabel('Colour')).toHaveAccessibleDescription(/six digits/);
  await expect(page.getByLabel('Colour')).toHaveValue('yellow');
  // Nothing can be read in it as it is, neither as text on white nor below white text.
  await page.getByLabel('Colour').fill('#ffe600');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await page.getByRole('link', { name: 'Edit' }).click();
  await hydrated(page);
  await page.getByLabel('Choose a logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: picture });
  await page.getByRole('button', { name: 'Save logo' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  const beside = page.getByRole('heading', { level: 1 }).locator('img');
  await expect(beside).toHaveJSProperty('complete', true);
  // All of it, as small as it is ever shown.
  expect(await beside.evaluate((img: HTMLImageElement) => [img.naturalWidth, img.naturalHeight])).toEqual([512, 128]);
  await expectAccessible(page);

  const jana = await openPage();
  await signUp(jana, customer());
  await hydrated(jana);
  await expect(jana.getByRole('banner').getByRole('img', { name: 'Acme' })).toHaveJSProperty('naturalWidth', 512);
  for (const colorScheme of ['light', 'dark'] as const) {
    await jana.emulateMedia({ colorScheme });
    // Yellow, once the one theme has faded into the other.
    const hue = () => jana.getByRole('link', { name: 'New ticket' }).first().evaluate((button) =>
      Math.round(Number(/oklch\([\d.]+ [\d.]+ ([\d.]+)/.exec(getComputedStyle(button).backgroundColor)?.[1]) / 20));
    await expect.poll(hue, colorScheme).toBe(5);
    await expectAccessible(jana);
  }
  await jana.getByRole('link', { name: 'New ticket' }).first().click();
  await expect(jana).toHaveURL('/portal/new');
  await jana.getByLabel('What is it about?').fill('Gate three');
  await jana.getByLabel('What happened?').fill('It does not open.');
  await jana.getByRole('button', { name: 'Send' }).click();
  await expect(jana.getByRole('heading', { level: 1, name: 'Gate three' })).toBeVisible();

  await page.goto(new URL(jana.url()).pathname.replace('/portal', ''));
  await hydrated(page);
  await expect(page.getByRole('complementary').locator('img.logo')).toHaveJSProperty('naturalWidth', 512);
});
