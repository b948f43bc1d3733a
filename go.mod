module vpcsim

go 1.26
