// Imported before files.test.ts, which takes likerd the folder for its sockets then.
process.env['LIKER_TEST_FILES'] = 'messages';
