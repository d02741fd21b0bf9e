-- A week of one small shop: few enough events to count by hand.
insert into events (customer_id, event_time, user_id, event_type, source, product_id, quantity, amount, currency, status)
values (1, '2024-06-03 09:00Z', 'ann',  'view',  'search', null,    null, null, null,  null),
       (1, '2024-06-03 09:05Z', 'ann',  'cart',  null,     'bread', null, null, null,  null),
       (1, '2024-06-03 09:10Z', 'ann',  'order', null,     'bread', 1,    4,    'EUR', 'paid'),
       (1, '2024-06-03 09:10Z', 'ann',  'order', null,     'jam',   1,    6,    'EUR', 'paid'),
       (1, '2024-06-03 10:00Z', 'bob',  'view',  'mail',   null,    null, null, null,  null),
       (1, '2024-06-03 10:30Z', 'bob',  'cart',  null,     'bread', null, null, null,  null),
       (1, '2024-06-04 08:00Z', 'cleo', 'view',  'search', null,    null, null, null,  null),
       (1, '2024-06-04 20:00Z', 'bob',  'view',  'search', null,    null, null, null,  null),
       (1, '2024-06-04 20:30Z', 'bob',  'order', null,     'bread', 2,    8,    'EUR', 'paid'),
       (1, '2024-06-06 09:00Z', 'ann',  'view',  'mail',   null,    null, null, null,  null),
       (1, '2024-06-06 09:20Z', 'ann',  'order', null,     'bread', 1,    4,    'EUR', 'paid'),
       (1, '2024-06-06 09:20Z', 'ann',  'order', null,     'jam',   1,    6,    'EUR', 'paid'),
       (1, '2024-06-06 12:00Z', 'dan',  'view',  null,     null,    null, null, null,  null),
       (1, '2024-06-06 12:01Z', 'dan',  'order', null,     'tea',   1,    5,    'EUR', 'failed'),
       (1, '2024-06-07 12:00Z', 'dan',  'order', null,     'tea',   3,    15,   'EUR', 'paid'),
       (1, '2024-06-09 20:00Z', 'eve',  'view',  'search', null,    null, null, null,  null);
