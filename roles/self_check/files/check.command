#!/bin/sh
# A check of this Mac for your IT staff. It reads settings, changes none, and writes one file to the desktop.
# What it reads, and how, can be read below. docs/self-check.md says what becomes of the file.
python=
for one in /Library/Frameworks/Python.framework/Versions/Current/bin/python3 /usr/local/bin/python3 /opt/homebrew/bin/python3; do
    if [ -z "$python" ] && [ -x "$one" ]; then python=$one; fi
done
# Apple's own is a stub that asks for developer tools where there are none.
if [ -z "$python" ] && /usr/bin/xcode-select -p >/dev/null 2>&1; then python=/usr/bin/python3; fi
if [ -z "$python" ]; then
    echo "This Mac has no Python, which the check needs. Please tell your IT staff."
    exit 1
fi
load='import sys
text = open(sys.argv[1], encoding="utf-8").read()
exec(compile(text[text.rindex("#::" + "check\n"):], sys.argv[1], "exec"))'
"$python" -c "$load" "$0" "$HOME/Desktop" begins
# What macOS shows to root alone is an error in the file otherwise.
ask=$("$python" -c "$load" "$0" "$HOME/Desktop" password)
if ! /usr/bin/sudo -p "$ask " "$python" -c "$load" "$0" "$HOME/Desktop"; then
    "$python" -c "$load" "$0" "$HOME/Desktop" without
    "$python" -c "$load" "$0" "$HOME/Desktop" || echo "The check did not come to its end. Please tell your IT staff."
fi
exit
