const order = ['auto', 'light', 'dark']
const key = 'headgate-theme'

/** Light, dark, or as the system has it; remembered by the browser. */
export function startTheme(button) {
  let theme = remembered()
  show()
  button.addEventListener('click', () => {
    theme = order[(order.indexOf(theme) + 1) % order.length]
    try {
      localStorage.setItem(key, theme)
    } catch {
      // A browser that stores nothing forgets it with the page.
    }
    show()
  })

  function show() {
    if (theme === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    button.textContent = `Theme: ${theme}`
    button.setAttribute('aria-label', `Theme: ${theme}`)
  }
}

function remembered() {
  try {
    const theme = localStorage.getItem(key)
    return order.includes(theme) ? theme : 'auto'
  } catch {
    return 'auto'
  }
}
