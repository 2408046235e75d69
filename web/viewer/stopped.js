// Says why the viewer stopped, and tells the page that holds it (the report panel around the
// frame, or the opener of a second window) so that it can ask for the password at once.

const sections = ['signed-out', 'forbidden'];
const reason = sections.includes(location.hash.slice(1)) ? location.hash.slice(1) : 'signed-out';

document.getElementById(reason).hidden = false;

const holder = window.parent === window ? window.opener : window.parent;
holder?.postMessage({ type: 'telemed:viewer-stopped', reason }, location.origin);
