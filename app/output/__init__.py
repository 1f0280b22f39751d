"""Files written for people: reports, videos, pictures, heatmap files."""
