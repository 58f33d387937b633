import type { Page } from '@playwright/test';
import { MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { conversation, live, property } from '../support/tickets.ts';

const customer = (page: Page) => page.getByRole('combobox', { name: 'Customer' });
const subject = (page: Page) => page.getByRole('textbox', { name: 'Subject' });
const message = (page: Page) => page.getByRole('textbox', { name: 'Message' });

/** Drops a file of text anywhere on the form. */
async function drop(page: Page, name: string, content: string): Promise<void> {
  await subject(page).evaluate(
    (field, { name, content }) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], name, { type: 'text/plain' }));
      field.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }));
    },
    { name, content },
  );
}

test('a ticket for a customer, with files, whom it is given to and tags', async ({ page, allowErrors }) => {
  allowErrors(/status of 415/);
  await signIn(page, MIA);
  await live(page, '/new');
  const { keyboard } = page;
  await expect(customer(page)).toBeFocused();
  await keyboard.type('customer@mail');
  await expect(page.getByRole('option', { name: /customer@mail\.example/ })).toBeVisible();
  await expectAccessible(page);
  await keyboard.press('Enter');
  // Whoever is chosen stands there, and the focus has gone on.
  await expect(page.getByRole('group', { name: 'Customer' })).toContainText('customer@mail.example');
  await expect(subject(page)).toBeFocused();
  await keyboard.type('Scanner at gate 5');
  await keyboard.press('Tab');
  await expect(message(page)).toBeFocused();
  await keyboard.type('It beeps ');
  await keyboard.press('Control+b');
  await keyboard.type('twice');
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByRole('region', { name: 'Preview' }).locator('strong')).toHaveText('twice');
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(message(page)).toHaveValue('It beeps **twice**');

  await drop(page, 'gate5.log', 'beep\n');
  await drop(page, 'tool.exe', 'MZ\0\0');
  await expect(page.getByText('“tool.exe” was not taken')).toBeVisible();
  await page.getByRole('button', { name: 'Remove tool.exe' }).click();
  await expect(page.getByRole('progressbar')).toHaveCount(0);
  await page.getByRole('button', { name: 'Take it' }).click();
  await expect(page.getByRole('button', { name: /^Assignee/ })).toBeFocused();
  await expect(page.getByRole('button', { name: /^Assignee/ })).toContainText('Mia Berger');
  await page.getByLabel('Urgency').selectOption('High');
  await page.getByRole('button', { name: 'Add a tag' }).click();
  await keyboard.type('gate-five');
  await keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Remove tag gate-five' })).toBeVisible();

  // Nothing of it is lost by a reload, or by looking something up.
  await page.reload();
  await hydrated(page);
  await expect(page.getByRole('group', { name: 'Customer' })).toContainText('customer@mail.example');
  await page.getByRole('link', { name: 'Board' }).first().click();
  await expect(page).toHaveURL('/board');
  await page.goBack();
  await expect(message(page)).toHaveValue('It beeps **twice**');
  await expect(page.getByRole('button', { name: 'Remove gate5.log' })).toBeVisible();
  await expect(page.getByLabel('Urgency')).toHaveValue('high');
  await expectAccessible(page);

  await message(page).press('Control+Enter');
  await expect(page.getByRole('heading', { name: 'Scanner at gate 5' })).toBeVisible();
  await expect(conversation(page).locator('strong')).toHaveText('twice');
  await expect(conversation(page).getByRole('link', { name: /gate5\.log/ })).toBeVisible();
  await expect(property(page, 'Assignee')).toContainText('Mia Berger');
  await expect(property(page, 'Urgency')).toContainText('High');
  await expect(page.getByRole('button', { name: 'Remove tag gate-five' })).toBeVisible();
  // The next one begins empty.
  await live(page, '/new');
  await expect(message(page)).toHaveValue('');
  await expect(customer(page)).toHaveValue('');
});

test('what is wrong is said beside its field, and what was typed is kept', async ({ page, allowErrors }) => {
  allowErrors(/status of 422/);
  await signIn(page, MIA);
  await live(page, '/new');
  await customer(page).fill('otto@');
  await message(page).fill('It does not open.');
  await message(page).press('Control+Enter');
  await expect(page.getByText('This is not a complete e-mail address.')).toBeVisible();
  await expect(page.getByText('Please say in a few words what it is about.')).toBeVisible();
  await expect(customer(page)).toBeFocused();
  await expect(customer(page)).toHaveAccessibleDescription(/not a complete e-mail address/);
  await expect(message(page)).toHaveValue('It does not open.');
  await expectAccessible(page);
  // A new address makes a new customer, who has a name.
  await page.keyboard.type('gate.example');
  await expect(page.getByText('This is not a complete e-mail address.')).toBeHidden();
  await page.getByLabel("Customer's name").fill('Otto Braun');
  await subject(page).fill('Gate');
  await page.getByRole('button', { name: 'Open ticket' }).click();
  await expect(page.getByRole('complementary').getByRole('link', { name: 'Otto Braun' })).toBeVisible();
});

test('a ticket can begin with a note, and an emptied form comes back', async ({ page }) => {
  await signIn(page, MIA);
  await live(page, '/new');
  await customer(page).fill('jana');
  await page.getByRole('listbox').getByRole('option').first().click();
  await subject(page).fill('Call back');
  await page.getByText('Internal note').click();
  await message(page).fill('She sounded angry.');
  await page.getByRole('button', { name: 'Start over' }).click();
  await expect(message(page)).toHaveValue('');
  await expect(customer(page)).toBeFocused();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(message(page)).toHaveValue('She sounded angry.');
  await expect(page.getByRole('radio', { name: 'Internal note' })).toBeChecked();
  await page.getByRole('button', { name: 'Open ticket' }).click();
  await expect(page.getByRole('heading', { name: 'Call back' })).toBeVisible();
  await expect(conversation(page).locator('[data-kind=note]')).toContainText('She sounded angry.');
});
