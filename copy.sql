-- Step 5: load the sample files with psql. To load a file exactly once, even when a load is
-- repeated: rollupctl load data/*.csv

\copy events(customer_id,event_type,country,browser,device_id,session_id) from data/1.csv with (format csv, header true)
\copy events(customer_id,event_type,country,browser,device_id,session_id) from data/2.csv with (format csv, header true)
\copy events(customer_id,event_type,country,browser,device_id,session_id) from data/3.csv with (format csv, header true)
\copy events(customer_id,event_type,country,browser,device_id,session_id) from data/4.csv with (format csv, header true)
\copy events(customer_id,event_type,country,browser,device_id,session_id) from data/5.csv with (format csv, header true)
\copy events(customer_id,event_type,country,browser,device_id,session_id) from data/6.csv with (format csv, header true)
\copy events(customer_id,event_type,country,browser,device_id,session_id) from data/7.csv with (format csv, header true)
\copy events(customer_id,event_type,country,browser,device_id,session_id) from data/8.csv with (format csv, header true)
\copy events(customer_id,event_type,country,browser,device_id,session_id) from data/9.csv with (format csv, header true)
\copy events(customer_id,event_type,country,browser,device_id,session_id) from data/10.csv with (format csv, header true)
