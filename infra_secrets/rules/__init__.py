"""Rules about text: each looks at what was written and says what is wrong with it. Nothing here knows Pulumi."""
