/** Put a text into the clipboard, on pages without HTTPS, too, where browsers do not hand it out. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.setAttribute("aria-hidden", "true");
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}
