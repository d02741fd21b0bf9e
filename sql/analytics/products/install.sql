\ir purchases_text.sql
\ir basket.sql
\ir similarity_text.sql
\ir similar.sql
\ir recommend.sql
\ir stock_forecast.sql
