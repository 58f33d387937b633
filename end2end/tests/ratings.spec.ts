import type { Page } from '@playwright/test';
import { ADA, JANA, MIA, signIn } from '../support/demo.ts';
import { expect, expectAccessible, hydrated, testWith } from '../support/fixtures.ts';
import { conversation, newTicket } from '../support/tickets.ts';

const test = testWith({ DOCKET_TRUST_PROXY: 'true' }, 120);

/** Sets a state as the agent who is signed in on this page: `Resolved` has the fourth place in the standard workflow. */
async function solve(page: Page, id: number): Promise<void> {
  await page.goto(`/tickets/${id}`);
  await hydrated(page);
  await page.keyboard.press('e');
  await expect(conversation(page).getByText('Resolved', { exact: true }).last()).toBeVisible();
}

for (const javaScriptEnabled of [true, false]) {
  const how = `${javaScriptEnabled ? 'with' : 'without'} JavaScript`;

  test(`a requester says in the portal how it was solved, ${how}, and staff see it live`, async ({ openPage, allowErrors }) => {
    allowErrors(/status of 422/);
    const mia = await openPage();
    await signIn(mia, MIA);
    const id = await newTicket(mia, { subject: `Rated ${how}` });
    const jana = await openPage({ javaScriptEnabled });
    await signIn(jana, JANA);
    await jana.goto(`/portal/tickets/${id}`);
    const asked = jana.getByRole('heading', { name: 'How did we do?' });
    await expect(jana.getByRole('heading', { name: `Rated ${how}` })).toBeVisible();
    await expect(asked).toHaveCount(0);
    await solve(mia, id);
    if (javaScriptEnabled) await hydrated(jana);
    else await jana.reload();
    await expect(asked).toBeVisible();
    if (javaScriptEnabled) await expectAccessible(jana);
    await jana.getByRole('button', { name: 'Send rating' }).click();
    await expect(jana.getByText('Please choose one of the five.')).toBeVisible();
    if (javaScriptEnabled) await expectAccessible(jana);
    await jana.getByLabel('4 – Good').check();
    await jana.getByLabel('Anything to add?').fill('Quick & <b>kind</b>.');
    await jana.getByRole('button', { name: 'Send rating' }).click();
    await expect(jana.getByText('Thank you. We have got your rating.')).toBeVisible();
    await expect(jana.getByLabel('4 – Good')).toBeChecked();
    const line = conversation(mia).getByText(/rated the solution 4 of 5: “Quick & <b>kind<\/b>\.”/);
    await expect(line).toBeVisible();
    await jana.getByLabel('1 – Very bad').check();
    await jana.getByRole('button', { name: 'Change it' }).click();
    await expect(conversation(mia).getByText(/rated the solution 1 of 5/)).toBeVisible();

    await mia.goto('/customers?q=customer@mail');
    await mia.getByRole('link', { name: 'Jana Weiß' }).click();
    await hydrated(mia);
    await expect(mia.getByText(/of 5, by \d+ rating/)).toBeVisible();
    await mia.getByRole('navigation', { name: 'Lists of this customer' }).getByRole('link', { name: 'Ratings' }).click();
    const first = mia.getByRole('list', { name: 'Ratings, newest first' }).getByRole('listitem').first();
    await expect(first).toContainText(`Rated ${how}`);
    await expect(first).toContainText('1 of 5');
    await expectAccessible(mia);
  });
}

test('an admin has a mail ask, whose link rates without signing in once it is sent', async ({ server, openPage, allowErrors }) => {
  allowErrors(/status of 4(04|22)/);
  const ada = await openPage();
  await signIn(ada, ADA);
  await ada.goto('/settings');
  await hydrated(ada);
  await ada.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Satisfaction' }).click();
  await expect(ada.getByLabel('Ask in the portal')).toBeChecked();
  await expectAccessible(ada);
  await ada.getByLabel('Ask by mail').check();
  await ada.getByLabel('Hours from solving').fill('400');
  await ada.getByRole('button', { name: 'Save' }).click();
  await expect(ada.getByText('Use a number from 0 to 336.')).toBeVisible();
  await expect(ada.getByLabel('Ask by mail')).toBeChecked();
  await ada.getByLabel('Hours from solving').fill('0');
  await ada.getByRole('button', { name: 'Save' }).click();
  await expect(ada.getByText('Saved.')).toBeVisible();

  const mia = await openPage();
  await signIn(mia, MIA);
  const id = await newTicket(mia, { subject: 'Asked by mail' });
  await solve(mia, id);
  const link = await server.mailbox.link(JANA, '/rate/');
  const page = await openPage();
  await page.goto(`${link}?score=2`);
  await hydrated(page);
  await expect(page.getByText(`Your ticket #${id} is solved: “Asked by mail”.`)).toBeVisible();
  await expect(page.getByLabel('2 – Bad')).toBeChecked();
  await expectAccessible(page);
  await expect(conversation(mia).getByText(/rated the solution/)).toHaveCount(0);
  await page.getByLabel('Anything to add?').fill('Slow.');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('heading', { name: 'Thank you' })).toBeVisible();
  await expectAccessible(page);
  await expect(conversation(mia).getByText(/rated the solution 2 of 5: “Slow\.”/)).toBeVisible();

  await page.goto('/rate/nothing');
  await expect(page.getByRole('heading', { name: 'This link does not work' })).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
});
