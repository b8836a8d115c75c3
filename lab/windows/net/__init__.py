"""The way in: HTTP with NTLM, WS-Management envelopes, remote shells."""
