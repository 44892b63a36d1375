/** The console's page. */
import { html, render } from 'lit-html';

const root = document.getElementById('console');
if (root !== null) render(html`<p>Flagstone</p>`, root);
