CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password TEXT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin')),
    otp_secret TEXT,
    otp_enabled INTEGER NOT NULL DEFAULT 0,
    otp_last_step INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
    token_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('bearer', 'cookie')),
    csrf TEXT NOT NULL,
    expires_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_user ON sessions (user_id);
CREATE TABLE IF NOT EXISTS keys (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS resets (
    token_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    expires_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS invites (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    email TEXT NOT NULL COLLATE NOCASE,
    code_hash TEXT NOT NULL UNIQUE,
    accepted_at REAL,
    created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS listings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    seller_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    price INTEGER NOT NULL CHECK (price > 0),
    stock INTEGER CHECK (stock >= 0),
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    words TEXT GENERATED ALWAYS AS (lower(title || char(10) || description)) STORED
);
CREATE INDEX IF NOT EXISTS listings_seller ON listings (seller_id);
CREATE TABLE IF NOT EXISTS photos (
    id TEXT PRIMARY KEY,
    listing_id INTEGER NOT NULL REFERENCES listings ON DELETE CASCADE,
    content_type TEXT NOT NULL,
    content BLOB NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS photos_listing ON photos (listing_id);
CREATE VIEW IF NOT EXISTS photo_heads AS SELECT id, listing_id, content_type, rowid AS number FROM photos;
CREATE TABLE IF NOT EXISTS threads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    listing_id INTEGER NOT NULL REFERENCES listings ON DELETE CASCADE,
    buyer_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    seller_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    UNIQUE (listing_id, buyer_id)
);
CREATE INDEX IF NOT EXISTS threads_buyer ON threads (buyer_id);
CREATE INDEX IF NOT EXISTS threads_seller ON threads (seller_id);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    thread_id INTEGER NOT NULL REFERENCES threads ON DELETE CASCADE,
    sender_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    text TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_thread ON messages (thread_id);
CREATE TABLE IF NOT EXISTS addresses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    name TEXT NOT NULL,
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    postcode TEXT NOT NULL,
    country TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS addresses_user ON addresses (user_id);
CREATE TABLE IF NOT EXISTS cart_items (
    user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    listing_id INTEGER NOT NULL REFERENCES listings ON DELETE CASCADE,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (user_id, listing_id)
);
CREATE INDEX IF NOT EXISTS cart_items_listing ON cart_items (listing_id);
CREATE TABLE IF NOT EXISTS drafts (
    user_id TEXT PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    address TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    plan TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_user ON payments (user_id);
-- Orders outlive accounts and listings: a line keeps what was bought, so nothing here refers to them.
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY,
    buyer_id TEXT NOT NULL,
    buyer_name TEXT NOT NULL,
    buyer_email TEXT NOT NULL,
    total INTEGER NOT NULL,
    shipping_method TEXT NOT NULL,
    shipping_price INTEGER NOT NULL,
    payment_id TEXT NOT NULL,
    address TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_buyer ON orders (buyer_id, created_at);
CREATE TABLE IF NOT EXISTS order_lines (
    order_id TEXT NOT NULL REFERENCES orders ON DELETE CASCADE,
    listing_id INTEGER NOT NULL,
    seller_id TEXT NOT NULL,
    title TEXT NOT NULL,
    price INTEGER NOT NULL,
    quantity INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS order_lines_order ON order_lines (order_id);
CREATE INDEX IF NOT EXISTS order_lines_seller ON order_lines (seller_id);
CREATE TABLE IF NOT EXISTS idempotency (
    user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    order_id TEXT NOT NULL REFERENCES orders ON DELETE CASCADE,
    PRIMARY KEY (user_id, key)
);
